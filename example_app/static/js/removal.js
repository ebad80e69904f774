// Delete files: ask once, wait some seconds in which the user can undo it, then delete. Each request names the content
// that was shown, so that a file that changed since the question stays.

import { arrange, rows } from "./list.js";
import { done, failed, why } from "./messages.js";
import { ask, refresh, tagOf } from "./requests.js";
import { _, ngettext } from "./words.js";

const dialog = document.getElementById("delete");
const undo = document.getElementById("undo");
const desk = document.querySelector(".desk");
let asked; // the files in the question, each with its tag
let leaving = []; // the files that will be deleted
let timer;

/** Ask whether to delete the files of some rows. */
export function askToDelete(chosen) {
  asked = chosen.map((row) => ({ ...row.dataset, now: tagOf(row.dataset.url) }));
  const title = ngettext("Delete {file}?", "Delete {n} files?", asked.length, { file: asked[0].title });
  dialog.querySelector("h2").textContent = title;
  dialog.showModal();
}

/** Hide the files, and delete them unless the user undoes it in time. */
export async function deleteSoon() {
  dialog.close();
  await deleteNow(); // the files of an earlier question
  leaving = await Promise.all(asked.map(async (file) => ({ ...file, now: await file.now })));
  hideLeaving();
  undo.hidden = false;
  document.getElementById("files-title").focus();
  const [{ title: file }] = leaving;
  done(ngettext("Deleting {file} …", "Deleting {n} files …", leaving.length, { file }));
  timer = setTimeout(deleteNow, 1000 * desk.dataset.undo);
}

/** Undo the deletion. */
export function keep() {
  const files = stop();
  for (const row of rows()) delete row.dataset.leaving;
  arrange();
  document.getElementById("files-title").focus();
  done(ngettext("{file} stays.", "{n} files stay.", files.length, { file: files[0].title }));
}

/** Hide the rows of files that will be deleted, after the list was loaded anew. */
export function hideLeaving() {
  const names = new Set(leaving.map((file) => file.name));
  for (const row of rows()) if (names.has(row.dataset.name)) row.dataset.leaving = "";
  arrange();
}

function stop() {
  clearTimeout(timer);
  undo.hidden = true;
  const files = leaving;
  leaving = [];
  return files;
}

async function deleteNow() {
  const files = stop();
  if (!files.length) return;
  const answers = await Promise.all(files.map(async (file) => ({ file, status: await remove(file) })));
  await refresh();
  const left = answers.filter(({ status }) => status !== 204);
  const gone = answers.filter(({ status }) => status === 204).map(({ file }) => file);
  if (!left.length) return done(ngettext("{file} is deleted.", "{n} files are deleted.", gone.length, { file: gone[0].title }));
  failed(left.map(({ file, status }) => _("{file} was not deleted. {why}", { file: file.title, why: why(status) })).join(" "));
}

async function remove({ url, now: { status, tag } }) {
  return tag ? (await ask("DELETE", url, { "If-Match": tag }, true)).status : status;
}

addEventListener("pagehide", () => stop().forEach(remove)); // the user can't undo it any more
