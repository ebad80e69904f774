// The content of a preview. The browser never gets a file as a page, which could run scripts: images, audio and video
// are media elements, text is set as text, and a PDF goes to the browser's own viewer with a fixed type.

import { why } from "./messages.js";
import { readStart } from "./reading.js";
import { ask } from "./requests.js";
import { table, tree } from "./structured.js";
import { _, sizeText } from "./words.js";

const WHOLE = 20_000_000; // bytes; a longer image or PDF is not shown, because a part of it can't be
const TREE = 2 ** 20; // bytes; a longer JSON document is shown as text, because a part of it is no tree

const KINDS = { image, pdf, text, csv, json, audio: media, video: media };

/** Make a file's preview: a list of nodes. */
export async function show(file, place) {
  if (!KINDS[file.kind]) return [note(_("There is no preview of files of this kind. Download it to open it."))];
  if (["image", "pdf"].includes(file.kind) && file.size > WHOLE) {
    return [note(_("This is too large to show. Download it to read it."))];
  }
  return KINDS[file.kind](file, place);
}

function note(text) {
  return Object.assign(document.createElement("p"), { textContent: text, className: "note" });
}

async function image({ url, title }) {
  const picture = Object.assign(new Image(), { src: `${url}/data`, alt: title });
  try {
    await picture.decode();
  } catch {
    return [note(_("This image can't be shown."))];
  }
  let zoom = 1;
  const bar = document.getElementById("zoom").content.firstElementChild.cloneNode(true);
  bar.addEventListener("click", ({ target }) => {
    const by = Number(target.closest("button")?.dataset.by);
    zoom = by ? Math.min(8, Math.max(1, zoom * by)) : 1;
    picture.style.width = zoom === 1 ? "" : `${100 * zoom}%`;
    picture.classList.toggle("zoomed", zoom > 1);
  });
  return [bar, picture];
}

function media({ url, title, kind }, place) {
  const player = document.createElement(kind);
  Object.assign(player, { controls: true, preload: "metadata", src: `${url}/data` }); // it seeks by ranges
  player.setAttribute("aria-label", title);
  player.addEventListener("error", () => place.append(note(_("This browser can't play it. Download it to open it."))));
  return [player];
}

async function text(file) {
  const start = await readStart(file.url);
  if (start.status) return [note(why(start.status))];
  const shown = Object.assign(document.createElement("pre"), { textContent: start.text });
  return [...about(start), start.text ? shown : note(_("It is empty."))];
}

async function csv(file) {
  const start = await readStart(file.url);
  return start.status ? [note(why(start.status))] : [...about(start), table(start.text, !start.whole)];
}

async function json(file) {
  if (file.size > TREE) return [note(_("It is too large for a tree, and is shown as text.")), ...(await text(file))];
  const all = await readStart(file.url, TREE);
  if (all.status) return [note(why(all.status))];
  try {
    return [...about(all), tree(JSON.parse(all.text))];
  } catch {
    return [note(_("This is no valid JSON, and is shown as text.")), ...(await text(file))];
  }
}

function about({ charset, whole, read, size }) {
  const part = whole ? "" : _("The first {read} of {size}", { read: sizeText(read), size: sizeText(size) });
  return [note([part, charset].filter(Boolean).join(" · "))];
}

async function pdf({ url, title }, place) {
  if (!navigator.pdfViewerEnabled) return [note(_("This browser shows no PDFs in a page. Download it to read it."))];
  const response = await ask("GET", `${url}/data`);
  if (!response.ok) return [note(why(response.status))];
  // No `sandbox`, because Chromium's viewer does not run in a sandboxed frame. The blob's fixed type keeps it from being
  // a page, and the blob inherits this page's policy, which would block its scripts.
  const frame = document.createElement("iframe");
  const source = URL.createObjectURL(new Blob([await response.arrayBuffer()], { type: "application/pdf" }));
  Object.assign(frame, { title, src: source });
  place.addEventListener("left", () => URL.revokeObjectURL(source), { once: true });
  return [frame];
}
