// The panel beside the list that shows one file. Its address can be shared. The arrow keys lead to the next file.

import { rows, shownRows } from "./list.js";
import { show } from "./shown.js";
import { sizeText } from "./words.js";

const panel = document.getElementById("preview");
const place = panel.querySelector(".shown");
const narrow = matchMedia("(max-width: 60rem)"); // on such a screen the panel covers the page
let current; // the name of the file that is shown

/** Show the file of a row. */
export async function preview(row) {
  const { name, title, type, size, url } = row.dataset;
  current = name;
  panel.hidden = false;
  panel.querySelector("h2").textContent = title;
  panel.querySelector("#preview-about").textContent = [type, sizeText(Number(size))].filter(Boolean).join(" · ");
  panel.querySelector("footer a").href = `${url}/data`;
  panel.parentElement.classList.add("showing");
  history.replaceState(null, "", row.querySelector(".name a").href);
  mark();
  if (narrow.matches) cover(true);
  place.dispatchEvent(new Event("left")); // lets the previous preview clean up
  place.replaceChildren();
  const content = await show(row.dataset, place);
  if (current === name) place.replaceChildren(...content); // unless the user has opened another file meanwhile
}

/** Close the panel, and go back to the file in the list. */
export function closePreview() {
  if (panel.hidden) return;
  const row = rows().find((one) => one.dataset.name === current);
  current = undefined;
  panel.hidden = true;
  place.dispatchEvent(new Event("left"));
  place.replaceChildren();
  panel.parentElement.classList.remove("showing");
  history.replaceState(null, "", location.pathname);
  cover(false);
  mark();
  row?.querySelector(".name a").focus();
}

/** Show the previous or the next file, in the order of the list. */
export function step(by) {
  const all = shownRows();
  const next = all[all.findIndex((row) => row.dataset.name === current) + by];
  if (next) preview(next);
}

/** Whether the panel is open. */
export function isOpen() {
  return !panel.hidden;
}

function mark() {
  for (const row of rows()) row.toggleAttribute("aria-current", row.dataset.name === current);
}

function cover(on) {
  for (const one of document.querySelectorAll(".bar, .toolbar, #files, .side, main > nav")) one.inert = on;
  if (on) panel.querySelector("[data-do=close-preview]").focus();
}

document.addEventListener("arranged", mark);

document.addEventListener("keydown", (event) => {
  if (panel.hidden || event.target.closest("dialog, [popover], input, textarea, video, audio")) return;
  if (event.key === "Escape") closePreview();
  else if (event.key === "ArrowLeft" || event.key === "ArrowRight") step(event.key === "ArrowRight" ? 1 : -1);
  else return;
  event.preventDefault();
});

/** Show the file that the address names. */
export function showWanted() {
  const wanted = new URL(location.href).searchParams.get("show");
  const row = rows().find((one) => one.dataset.name === wanted);
  if (row) preview(row);
}
