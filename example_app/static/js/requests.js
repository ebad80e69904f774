// Requests to the mount: the session's cookie goes with them, as with every page.

/** Ask, and give the response, also when it is an error; without an answer its status is 0.
 *
 * @param keepalive whether the request outlives the page.
 */
export async function ask(method, url, headers = {}, keepalive = false, body = undefined) {
  try {
    return await fetch(url, { method, headers, keepalive, body });
  } catch {
    return Response.error();
  }
}

/** The ETag of a file as it is now, which keeps what is done next from hitting another one. */
export async function tagOf(url) {
  const response = await ask("HEAD", `${url}/data`);
  return { status: response.status, tag: response.headers.get("ETag") };
}

/** Put the lists of this page as they are now in place of the old ones; what has the focus keeps it. */
export async function refresh() {
  const response = await ask("GET", location.href);
  if (!response.ok) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const focused = document.activeElement.id;
  for (const old of document.querySelectorAll("[data-fresh]")) {
    const fresh = page.getElementById(old.id);
    if (fresh && !old.querySelector("form.fact")) old.replaceWith(fresh); // not while somebody types there
  }
  document.dispatchEvent(new Event("refreshed"));
  if (focused) document.getElementById(focused)?.focus();
}
