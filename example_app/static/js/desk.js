// The task page: which button does what.

import { send } from "./adding.js";
import { closeFact, editFact } from "./facts.js";
import { arrange, sortBy } from "./list.js";
import { closeMenu, openMenu, rowOf } from "./menu.js";
import { done, failed, why } from "./messages.js";
import { closePreview, preview, showWanted, step } from "./preview.js";
import { askToDelete, deleteSoon, hideLeaving, keep } from "./removal.js";
import { ask, tagOf } from "./requests.js";
import { selectedRows } from "./selection.js";
import { _ } from "./words.js";

const replacement = document.getElementById("replacement");
let current; // the file that is being replaced: its url, its title, and a promise of its tag

const ACTIONS = {
  choose: (button) => button.nextElementSibling.click(),
  async download(link, row) {
    const { ok, status } = await ask("HEAD", link.href); // so that an error shows here, not as a page of JSON
    if (ok) location.assign(link.href);
    else failed(_("{file} can't be downloaded. {why}", { file: row.dataset.title, why: why(status) }));
  },
  preview: (link, row) => preview(row),
  previous: () => step(-1),
  next: () => step(1),
  "close-preview": closePreview,
  menu: openMenu,
  replace(button, { dataset: { url, title } }) {
    closeMenu();
    current = { url, title, now: tagOf(url) };
    replacement.click();
  },
  ask(button, row) {
    closeMenu();
    askToDelete(row ? [row] : selectedRows());
  },
  delete: deleteSoon,
  undo: keep,
  edit: editFact,
  "close-fact": closeFact,
  async copy(button, row) {
    closeMenu();
    await navigator.clipboard.writeText(row.querySelector(".name a").href);
    done(_("The link is copied."));
  },
  close: (button) => button.closest("dialog").close(),
};

document.addEventListener("click", (event) => {
  const sort = event.target.closest("[data-sort]");
  if (sort) return sortBy(sort.dataset.sort);
  const control = event.target.closest("[data-do]");
  if (!control || event.ctrlKey || event.metaKey || event.shiftKey) return; // the browser opens the link in a new tab
  event.preventDefault();
  done(""); // removes the earlier message
  ACTIONS[control.dataset.do](control, rowOf(control));
});

document.addEventListener("refreshed", hideLeaving);
arrange();
showWanted();

replacement.addEventListener("change", async () => {
  const [file] = replacement.files;
  const { url, title, now } = current;
  const { status, tag } = await now;
  if (tag) send(file, { old: { url, title, tag } });
  else failed(_("{file} was not replaced. {why}", { file: title, why: why(status) }));
  replacement.value = ""; // so that the same file can be chosen again
});
