// Previews. Nothing that could run is ever given to the browser as a page: an image is drawn, text is set as text, and
// a PDF goes to the browser's own viewer, under a type that is fixed here.

import { why } from "./messages.js";
import { ask } from "./requests.js";

const TEXT = 64 * 1024;
const PDF = 20_000_000;

/** Show a file in the dialog `preview`. */
export async function preview(kind, url, title) {
  const dialog = document.getElementById("preview");
  const place = dialog.querySelector(".shown");
  dialog.querySelector("h2").textContent = title;
  dialog.querySelector("footer a").href = url;
  const loading = note("Loading …");
  place.replaceChildren(loading);
  dialog.showModal();
  const content = await { image: showImage, text: showText, pdf: showPdf }[kind](url, title);
  if (loading.isConnected) loading.replaceWith(content); // and no other file was opened meanwhile
}

function note(text) {
  const paragraph = document.createElement("p");
  paragraph.textContent = text;
  return paragraph;
}

async function showImage(url, title) {
  const image = new Image();
  image.src = url;
  image.alt = title;
  try {
    await image.decode();
    return image;
  } catch {
    return note("This image can't be shown.");
  }
}

async function showText(url) {
  const response = await ask("GET", url, { Range: `bytes=0-${TEXT - 1}` });
  if (response.status === 416) return note("It is empty.");
  if (!response.ok) return note(why(response.status));
  const text = document.createElement("pre");
  text.textContent = decoder(response).decode(await response.arrayBuffer());
  const size = Number(response.headers.get("Content-Range")?.split("/")[1]);
  if (size > TEXT) text.append("\n…");
  return text;
}

function decoder(response) {
  const [, charset] = /charset=([\w-]+)/i.exec(response.headers.get("Content-Type")) ?? [];
  try {
    return new TextDecoder(charset ?? "utf-8");
  } catch {
    return new TextDecoder();
  }
}

async function showPdf(url, title) {
  if (!navigator.pdfViewerEnabled) return note("This browser shows no PDFs in a page. Download it to read it.");
  const head = await ask("HEAD", url);
  if (Number(head.headers.get("Content-Length")) > PDF) return note("This is too large to show. Download it to read it.");
  const response = head.ok ? await ask("GET", url) : head;
  if (!response.ok) return note(why(response.status));
  const frame = document.createElement("iframe");
  const source = URL.createObjectURL(new Blob([await response.arrayBuffer()], { type: "application/pdf" }));
  frame.title = title;
  frame.src = source;
  document.getElementById("preview").addEventListener("close", () => URL.revokeObjectURL(source), { once: true });
  return frame;
}
