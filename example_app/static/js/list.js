// The list of files, which can be sorted by any column and filtered.

import { language, ngettext, sizeText } from "./words.js";

const order = new Intl.Collator(language, { numeric: true });
const filter = document.getElementById("filter");
const sorted = { key: "title", down: false };

/** The rows of all files. */
export function rows() {
  return [...document.querySelectorAll("#files tr[data-url]")];
}

/** The rows that the filter shows, from the top. */
export function shownRows() {
  return rows().filter((row) => !row.hidden);
}

/** Sort and filter the list. Call this again whenever the rows are loaded anew. */
export function arrange() {
  const list = document.querySelector("#files tbody");
  const all = rows().sort((one, other) => compare(one.dataset, other.dataset));
  const words = filter.value.toLocaleLowerCase(language).split(/\s+/);
  for (const row of all) {
    const { title, name, type, by } = row.dataset;
    const text = [title, name, type, by].join(" ").toLocaleLowerCase(language);
    row.hidden = "leaving" in row.dataset || !words.every((word) => text.includes(word));
  }
  list.prepend(...all);
  const shown = shownRows();
  list.querySelector(".none").hidden = all.length > 0;
  list.querySelector(".unmatched").hidden = !all.length || shown.length > 0;
  showOrder();
  showCount(shown, all);
  list.dispatchEvent(new Event("arranged", { bubbles: true }));
}

/** Sort by a column. A second call for the same column reverses the order. */
export function sortBy(key) {
  sorted.down = sorted.key === key && !sorted.down;
  sorted.key = key;
  arrange();
}

function compare(one, other) {
  const up = sorted.down ? -1 : 1;
  const numbers = ["size", "at"].includes(sorted.key) ? one[sorted.key] - other[sorted.key] : 0;
  return up * (numbers || order.compare(one[sorted.key], other[sorted.key])) || order.compare(one.title, other.title);
}

function showOrder() {
  document.getElementById("sort").value = sorted.key;
  for (const button of document.querySelectorAll("#files [data-sort]")) {
    const here = button.dataset.sort === sorted.key;
    if (here) button.parentElement.setAttribute("aria-sort", sorted.down ? "descending" : "ascending");
    else button.parentElement.removeAttribute("aria-sort");
  }
}

function showCount(shown, all) {
  const size = sizeText(shown.reduce((sum, row) => sum + Number(row.dataset.size), 0));
  document.getElementById("count").textContent =
    shown.length === all.length
      ? ngettext("{n} file, {size}", "{n} files, {size}", all.length, { size })
      : ngettext("{shown} of {n} file, {size}", "{shown} of {n} files, {size}", all.length, { shown: shown.length, size });
}

filter.addEventListener("input", arrange);
document.addEventListener("pointerover", ({ target }) => {
  if (target.matches("time")) target.title ||= new Date(target.dateTime).toLocaleString(language); // in local time
});
document.getElementById("sort").addEventListener("change", ({ target }) => sortBy(target.value));
