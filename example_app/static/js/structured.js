// Make tables from CSV and trees from JSON. Everything from a file is set as text.

import { _ } from "./words.js";

const ROWS = 200;
const MEMBERS = 100;

/** Make a table from a CSV. If the CSV was cut, its last line is left out, because it may be incomplete. */
export function table(text, cut) {
  const lines = parse(text, delimiterOf(text));
  if (cut) lines.pop();
  const shown = document.createElement("table");
  for (const [number, cells] of lines.slice(0, ROWS).entries()) {
    const row = shown.insertRow();
    for (const cell of cells) {
      const place = row.appendChild(document.createElement(number ? "td" : "th"));
      place.textContent = cell;
    }
  }
  if (lines.length > ROWS) shown.insertRow().insertCell().textContent = _("… and {n} lines more", { n: lines.length - ROWS });
  return shown;
}

function delimiterOf(text) {
  const [line] = text.split("\n", 1);
  const often = (one) => line.split(one).length;
  return [",", ";", "\t"].reduce((best, one) => (often(one) > often(best) ? one : best));
}

function parse(text, delimiter) {
  const lines = [[""]];
  let quoted = false;
  for (let place = 0; place < text.length; place++) {
    const char = text[place];
    const line = lines.at(-1);
    if (char === '"') {
      if (!quoted && text[place - 1] === '"') line[line.length - 1] += '"'; // two quotes are one
      quoted = !quoted;
    } else if (!quoted && char === delimiter) line.push("");
    else if (!quoted && char === "\n") lines.push([""]);
    else if (quoted || char !== "\r") line[line.length - 1] += char;
  }
  return lines.filter((cells) => cells.length > 1 || cells[0]);
}

/** Make a tree from a JSON value. A branch gets its members when it is opened. */
export function tree(value, key = "", open = true) {
  const isBranch = value !== null && typeof value === "object";
  const node = document.createElement(isBranch ? "details" : "div");
  const title = isBranch ? node.appendChild(document.createElement("summary")) : node;
  if (key !== "") title.append(Object.assign(document.createElement("b"), { textContent: `${key}: ` }));
  title.append(isBranch ? sizeOf(value) : JSON.stringify(value));
  node.className = "tree";
  if (!isBranch) return node;
  node.addEventListener("toggle", () => node.childElementCount > 1 || grow(node, value), { once: true });
  node.open = open;
  return node;
}

function grow(node, value) {
  const members = Object.entries(value);
  node.append(...members.slice(0, MEMBERS).map(([key, one]) => tree(one, key, false)));
  if (members.length > MEMBERS) node.append(_("… and {n} more", { n: members.length - MEMBERS }));
}

function sizeOf(value) {
  return Array.isArray(value) ? `[${value.length}]` : `{${Object.keys(value).length}}`;
}
