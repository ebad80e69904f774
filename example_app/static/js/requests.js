// Requests to the mount. The browser sends the session's cookie with them, as with every page.

/** Send a request, and return the response even if it is an error. Without a response the status is 0.
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

/** Get the present ETag of a file. With it, a later request affects only this content. */
export async function tagOf(url) {
  const response = await ask("HEAD", `${url}/data`);
  return { status: response.status, tag: response.headers.get("ETag") };
}

/** Reload the lists of this page. The focus stays where it is. */
export async function refresh() {
  const response = await ask("GET", location.href);
  if (!response.ok) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const focused = document.activeElement.id;
  for (const old of document.querySelectorAll("[data-fresh]")) {
    const fresh = page.getElementById(old.id);
    if (fresh && !old.querySelector("form.fact")) old.replaceWith(fresh); // not while a fact is being edited
  }
  document.dispatchEvent(new Event("refreshed"));
  if (focused) document.getElementById(focused)?.focus();
}
