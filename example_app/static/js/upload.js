// Uploads: a form for each file, as every client of the contract sends it.

import { done, failed, why } from "./messages.js";
import { refresh } from "./requests.js";

/** Store a new file under its own name; one that is there already stays as it is. */
export async function add(file, place) {
  const url = `${place}/${encodeURIComponent(file.name)}`;
  const status = await send(file, url, { "If-None-Match": "*" });
  await report(status, file, "There is a file of this name already: use its Replace button, or rename yours.");
}

/** Store a file in place of the one that has this tag. */
export async function replace(file, url, tag) {
  await report(await send(file, url, { "If-Match": tag }), file, why(412));
}

async function report(status, file, taken) {
  if (status === "cancelled") return done(`${file.name} is cancelled. Nothing was stored.`);
  if (status !== 204) failed(`${file.name} was not stored. ${status === 412 ? taken : why(status)}`);
  await refresh();
  if (status === 204) done(`${file.name} is stored.`);
}

/** Send one file and show how far it is; gives the status, or "cancelled". */
function send(file, url, headers) {
  const form = new FormData();
  form.append("valueType", "File");
  form.append("data", file);
  const request = new XMLHttpRequest(); // fetch can't tell how much it has sent
  const row = showRow(file, () => request.abort());
  return new Promise((resolve) => {
    request.upload.onprogress = (event) => row.move(event.loaded / event.total);
    request.upload.onload = () => row.store();
    request.onload = () => resolve(request.status);
    request.onerror = () => resolve(0);
    request.onabort = () => resolve("cancelled");
    request.open("POST", `${url}/data`);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.send(form);
  }).finally(() => row.remove());
}

function showRow(file, cancel) {
  const row = document.getElementById("upload").content.firstElementChild.cloneNode(true);
  const [name, state, bar, button] = row.children;
  name.textContent = file.name;
  bar.setAttribute("aria-label", `Sending ${file.name}`);
  button.setAttribute("aria-label", `Cancel ${file.name}`);
  button.onclick = cancel;
  document.getElementById("uploads").append(row);
  done(`Sending ${file.name}.`);
  return {
    move(part) {
      bar.value = 100 * part;
      state.textContent = `${Math.floor(100 * part)} %`;
    },
    store() {
      bar.removeAttribute("value"); // all is sent; how long the desk takes to store it is not known
      state.textContent = "storing";
      button.disabled = true;
    },
    remove: () => row.remove(),
  };
}
