// The ways to add files: choose them, drop them with their folders, or paste them.

import { queue } from "./queue.js";
import { show } from "./tray.js";
import { Upload } from "./upload.js";
import { _ } from "./words.js";

const form = document.getElementById("add"); // a read-only desk has none

/** Send a new file, or a file that replaces another. */
export function send(file, options) {
  const upload = new Upload(file, { place: form.elements.place.value, changed: show, ...options });
  show(upload);
  queue(upload);
}

function addAll(files) {
  for (const file of files) send(file, { path: file.webkitRelativePath || file.name });
}

for (const input of form?.querySelectorAll("[type=file]") ?? []) {
  input.addEventListener("change", () => {
    addAll([...input.files]); // clearing the field below would empty the list itself
    input.value = ""; // so that the same file can be chosen again
  });
}

for (const kind of form ? ["dragover", "dragleave", "drop"] : []) {
  document.addEventListener(kind, (event) => {
    event.preventDefault(); // otherwise the browser opens a file that is dropped beside the field
    form.classList.toggle("over", kind === "dragover" && event.dataTransfer.types.includes("Files"));
    if (kind === "drop") drop([...event.dataTransfer.items].map((item) => item.webkitGetAsEntry()));
  });
}

form?.addEventListener("submit", (event) => event.preventDefault()); // Enter on a radio button would submit it

document.addEventListener("paste", ({ clipboardData }) => {
  if (!form) return;
  for (const file of clipboardData.files) send(file, { path: file.name === "image.png" ? pastedName() : file.name });
});

function pastedName() {
  const [date, time] = new Date().toISOString().split(/[T.]/);
  return `${_("Pasted")} ${date} ${time.replaceAll(":", ".")}.png`;
}

async function drop(entries) {
  for (const entry of entries.filter(Boolean)) {
    for await (const { file, path } of filesOf(entry)) send(file, { path });
  }
}

async function* filesOf(entry, folder = "") {
  const path = `${folder}${entry.name}`;
  if (entry.isFile) return yield { file: await new Promise((resolve, reject) => entry.file(resolve, reject)), path };
  const reader = entry.createReader();
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)); // a hundred at most
    if (!some.length) return undefined;
    for (const one of some) yield* filesOf(one, `${path}/`);
  }
}
