// The task page: which button does what.

import { done, failed, why } from "./messages.js";
import { preview } from "./preview.js";
import { ask, refresh, tagOf } from "./requests.js";
import { add, replace } from "./upload.js";

const form = document.getElementById("add"); // not on a read-only desk
const chosen = document.getElementById("chosen");
const replacement = document.getElementById("replacement");
const deletion = document.getElementById("delete");
let current; // the file that a dialog is about: its url, its title, and a promise of its tag

const ACTIONS = {
  choose: () => chosen.click(),
  async download(link, { title }) {
    const { ok, status } = await ask("HEAD", link.href); // an error is said here, and not on a page of JSON
    if (ok) location.assign(link.href);
    else failed(`${title} can't be downloaded. ${why(status)}`);
  },
  preview: (button, { title }, row) => preview(button.dataset.kind, row.querySelector("a").href, title),
  replace(button, { url, title }) {
    current = { url, title, now: tagOf(url) };
    replacement.click();
  },
  ask(button, { url, title }) {
    current = { url, title, now: tagOf(url) };
    deletion.querySelector("h2").textContent = `Delete ${title}?`;
    deletion.showModal();
  },
  async delete(button) {
    button.closest("dialog").close();
    const { url, title, now } = current;
    const { status, tag } = await now;
    const response = tag ? await ask("DELETE", url, { "If-Match": tag }) : { status };
    if (response.status !== 204) failed(`${title} was not deleted. ${why(response.status)}`);
    await refresh();
    document.getElementById("files-title").focus();
    if (response.status === 204) done(`${title} is deleted.`);
  },
  close: (button) => button.closest("dialog").close(),
};

document.addEventListener("click", (event) => {
  const control = event.target.closest("[data-do]");
  if (!control || event.ctrlKey || event.metaKey || event.shiftKey) return; // a link in a tab of its own, if they like
  event.preventDefault();
  done(""); // what was said before is no longer news
  const row = control.closest("[data-url]");
  ACTIONS[control.dataset.do](control, row?.dataset ?? {}, row);
});

form?.addEventListener("submit", (event) => event.preventDefault()); // Enter on one of its choices
chosen?.addEventListener("change", () => addAll(chosen));

replacement.addEventListener("change", async () => {
  const [file] = replacement.files;
  const { url, title, now } = current;
  const { status, tag } = await now;
  if (tag) await replace(file, url, tag);
  else failed(`${title} was not replaced. ${why(status)}`);
  replacement.value = ""; // so that the same file can be chosen again
});

for (const kind of form ? ["dragover", "dragleave", "drop"] : []) {
  document.addEventListener(kind, (event) => {
    event.preventDefault(); // a file dropped beside the field would be opened in place of the desk
    form.classList.toggle("over", kind === "dragover" && event.dataTransfer.types.includes("Files"));
    if (kind === "drop") addAll(event.dataTransfer);
  });
}

async function addAll({ files }) {
  const place = form.elements.place.value;
  const all = [...files]; // clearing the field below would empty the list itself
  chosen.value = "";
  for (const file of all) await add(file, place);
}
