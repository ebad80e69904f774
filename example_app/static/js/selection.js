// Select files with the mouse (click a row; Shift selects a range) or the keyboard (arrows, Space).

import { shownRows, rows } from "./list.js";
import { isOpen, preview } from "./preview.js";
import { ngettext, _ } from "./words.js";

const zip = document.getElementById("zip-chosen");
const remove = document.getElementById("delete-chosen"); // a read-only desk has none
const kept = new Set(); // the names of the selected files, to select them again after a reload of the list
let last; // the name of the row that was clicked last: a range begins there

/** The rows of the selected files. */
export function selectedRows() {
  return shownRows().filter((row) => box(row).checked);
}

function box(row) {
  return row.querySelector("[type=checkbox]");
}

function select(row, on) {
  box(row).checked = on;
  last = row.dataset.name;
  show();
}

function selectTo(row, on) {
  const all = shownRows();
  const ends = [all.findIndex((one) => one.dataset.name === last), all.indexOf(row)].sort((one, other) => one - other);
  for (const one of all.slice(Math.max(ends[0], 0), ends[1] + 1)) box(one).checked = on;
  select(row, on);
}

function selectAll(on) {
  for (const row of shownRows()) box(row).checked = on;
  show();
}

/** Show the selection, after rows were added or removed. */
function show() {
  const all = shownRows();
  for (const row of rows().filter((one) => one.hidden)) box(row).checked = false;
  const chosen = selectedRows();
  kept.clear();
  for (const row of all) row.classList.toggle("selected", box(row).checked);
  for (const row of chosen) kept.add(row.dataset.name);
  const every = document.getElementById("all");
  every.checked = chosen.length > 0 && chosen.length === all.length;
  every.indeterminate = chosen.length > 0 && chosen.length < all.length;
  for (const button of [zip, remove]) if (button) button.disabled = !chosen.length;
  zip.lastElementChild.textContent = chosen.length
    ? ngettext("Download {n} file as ZIP", "Download {n} files as ZIP", chosen.length)
    : _("Download as ZIP");
}

/** Restore the selection after the list was loaded anew. */
document.addEventListener("arranged", () => {
  for (const row of shownRows()) box(row).checked ||= kept.has(row.dataset.name);
  show();
});

document.addEventListener("click", (event) => {
  const row = event.target.closest("#files tr[data-url]");
  if (event.target.id === "all") return selectAll(event.target.checked);
  if (!row || event.target.closest("a, button") || getSelection().toString()) return; // the user marks a name to copy it
  const on = event.target === box(row) ? box(row).checked : !box(row).checked;
  if (event.shiftKey) selectTo(row, on);
  else select(row, on);
});

document.addEventListener("mousedown", (event) => {
  if (event.shiftKey && event.target.closest("#files tr[data-url]")) event.preventDefault(); // don't mark the rows' text
});

document.addEventListener("keydown", (event) => {
  const row = event.target.closest("#files tr[data-url]");
  if (!row || event.altKey) return;
  const key = event.key.toLowerCase();
  if (key === "a" && (event.ctrlKey || event.metaKey)) selectAll(true);
  else if (key === "escape" && !isOpen()) selectAll(false);
  else if (key === " " && event.target.matches("a")) select(row, !box(row).checked);
  else if (key === "delete") remove?.click();
  else if (key === "arrowdown" || key === "arrowup") move(event, row, key === "arrowdown" ? 1 : -1);
  else return;
  event.preventDefault();
});

function move(event, row, step) {
  const all = shownRows();
  const next = all[all.indexOf(row) + step];
  if (!next) return;
  if (event.shiftKey) for (const one of [row, next]) select(one, true);
  const same = [...row.querySelectorAll("a, button, input")].indexOf(event.target);
  next.querySelectorAll("a, button, input")[same].focus();
  if (isOpen()) preview(next);
}
