// The tray has a line for each upload. The line stays until the user dismisses it.

import { done, failed } from "./messages.js";
import { queue } from "./queue.js";
import { _, durationText, sizeText } from "./words.js";

const SPAN = 3000; // milliseconds over which the speed is measured
const list = document.getElementById("uploads");
const clear = document.getElementById("clear");
const lines = new Map();

const BUTTONS = {
  waiting: ["cancel"],
  sending: ["pause", "cancel"],
  paused: ["resume", "cancel"],
  storing: ["cancel"],
  stored: ["dismiss"],
  cancelled: ["dismiss"],
  failed: ["retry", "dismiss"],
  taken: ["both", "replace", "skip"],
};

const SAID = {
  waiting: () => _("Waiting"),
  paused: ({ sent, file }) => _("Paused, {sent} of {size}", { sent: sizeText(sent), size: sizeText(file.size) }),
  storing: ({ unwanted }) => (unwanted ? _("All is sent. It will be taken back.") : _("All is sent. The desk stores it …")),
  stored: ({ file }) => _("Stored, {size}", { size: sizeText(file.size) }),
  cancelled: () => _("Cancelled. Nothing was stored."),
  failed: ({ cause }) => cause,
  taken: ({ cause }) => cause,
};

/** Update an upload's line. */
export function show(upload) {
  const line = lines.get(upload) ?? newLine(upload);
  const { state, sent, file, title } = upload;
  line.dataset.state = state;
  line.querySelector("strong").textContent = title;
  const bar = line.querySelector("progress");
  bar.hidden = !["sending", "paused", "storing"].includes(state);
  bar.setAttribute("aria-label", _("Sending {file}", { file: title }));
  if (state === "storing") bar.removeAttribute("value"); // the remaining time is unknown
  else bar.value = file.size ? (100 * sent) / file.size : 0;
  line.querySelector("span").textContent = said(upload);
  for (const button of line.querySelectorAll("button")) showButton(button, upload);
  if (document.activeElement.hidden && line.contains(document.activeElement)) line.focus(); // Tab then finds its buttons
  clear.hidden = ![...lines.keys()].some((one) => ["stored", "cancelled"].includes(one.state));
  announce(upload);
}

function said(upload) {
  if (upload.away) return _("The desk can't take it at the moment. Trying again …");
  return upload.state === "sending" ? progress(upload) : SAID[upload.state](upload);
}

function showButton(button, { state, old, again, title, sending }) {
  const action = button.dataset.act;
  button.hidden = !BUTTONS[state].includes(action) || (action === "retry" && !again) || (action === "pause" && !sending?.pause);
  button.disabled = action === "cancel" && state === "storing" && Boolean(old); // the old file could not come back
  button.setAttribute("aria-label", `${button.textContent.trim()} ${title}`);
}

function newLine(upload) {
  const line = document.getElementById("upload").content.firstElementChild.cloneNode(true);
  line.addEventListener("click", ({ target }) => act(upload, target.closest("button")?.dataset.act));
  lines.set(upload, line);
  list.append(line);
  return line;
}

async function act(upload, action) {
  if (!action) return;
  if (action === "dismiss" || action === "skip") return remove(upload);
  await upload[action]();
  if (upload.state === "waiting") queue(upload);
}

function remove(upload) {
  lines.get(upload).remove();
  lines.delete(upload);
  clear.hidden = ![...lines.keys()].some((one) => ["stored", "cancelled"].includes(one.state));
  document.getElementById("add-title").focus();
}

/** Tell how much is sent, how fast, and how long the rest will take. */
function progress(upload) {
  const now = performance.now();
  const { file, sent } = upload;
  const seen = (upload.seen ?? []).filter(({ at }) => now - at < SPAN);
  upload.seen = [...seen, { at: now, sent }];
  const [first] = upload.seen;
  const speed = (1000 * (sent - first.sent)) / (now - first.at);
  const values = { sent: sizeText(sent), size: sizeText(file.size) };
  if (!(speed > 0)) return _("{sent} of {size}", values);
  const left = durationText((file.size - sent) / speed);
  return _("{sent} of {size}, {speed}/s, {left} left", { ...values, speed: sizeText(speed), left });
}

function announce(upload) {
  if (upload.told === upload.state) return;
  upload.told = upload.state;
  const file = upload.title;
  if (upload.state === "sending") bringInSight(lines.get(upload));
  if (upload.state === "sending") done(_("Sending {file}", { file }));
  if (upload.state === "stored") done(_("{file} is stored.", { file }));
  if (upload.state === "cancelled") done(_("{file} is cancelled. Nothing was stored.", { file }));
  if (upload.cause) failed(_("{file} was not stored. {why}", { file, why: upload.cause }));
}

function bringInSight(line) {
  if (!list.matches(":hover, :focus-within")) list.scrollTop = line.offsetTop; // no scrolling while the user is in it
}

clear?.addEventListener("click", () => {
  for (const upload of lines.keys()) if (["stored", "cancelled"].includes(upload.state)) remove(upload);
});

addEventListener("online", async () => {
  for (const upload of lines.keys()) {
    if (upload.state !== "failed" || !upload.offline) continue;
    upload.retry();
    queue(upload);
  }
});

addEventListener("beforeunload", (event) => {
  const busy = [...lines.keys()].some((one) => ["waiting", "sending", "paused", "storing"].includes(one.state));
  if (busy) event.preventDefault(); // the browser asks whether to leave
});
