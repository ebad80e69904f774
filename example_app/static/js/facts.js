// Edit facts in place, each with a field for its type. A change by another user is shown before it can be overwritten.

import { done, why } from "./messages.js";
import { ask, refresh } from "./requests.js";
import { _ } from "./words.js";

const NUMBER = { type: "number", step: "1", min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER };
const FIELDS = {
  Boolean: { type: "checkbox" },
  Date: { type: "datetime-local", step: "1" },
  Double: { type: "number", step: "any" },
  Integer: { ...NUMBER, min: -(2 ** 31), max: 2 ** 31 - 1 },
  Long: NUMBER,
  Short: { ...NUMBER, min: -(2 ** 15), max: 2 ** 15 - 1 },
  String: { type: "text" },
};

/** Replace a fact by a field for its type. */
export async function editFact(button) {
  const row = button.closest("[data-fact]");
  const { tag, value, status } = await load(row);
  const form = document.getElementById("fact").content.firstElementChild.cloneNode(true);
  const field = form.elements.field;
  Object.assign(field, FIELDS[row.dataset.type]);
  field.setAttribute("aria-label", row.dataset.fact);
  field.required = field.type !== "text" && field.type !== "checkbox";
  fill(field, value);
  form.dataset.tag = tag ?? "";
  row.querySelector("dd").append(form);
  row.classList.add("edited");
  field.focus();
  if (status !== 200) tell(form, why(status));
}

/** Close a fact's field, and show its present value. */
export async function closeFact(button) {
  const row = button.closest("[data-fact]");
  row.querySelector("form").remove();
  await refresh();
  document.getElementById(`${row.dataset.fact}-edit`)?.focus();
}

async function load(row) {
  const response = await ask("GET", row.dataset.url);
  const { value } = response.ok ? await response.json() : {};
  return { status: response.status, tag: response.headers.get("ETag"), value };
}

function fill(field, value) {
  if (field.type === "checkbox") field.checked = value === true;
  else if (field.type !== "datetime-local") field.value = value ?? "";
  else if (value) field.value = localTime(new Date(value.replace(/(\d\d)(\d\d)$/, "$1:$2")));
}

function localTime(date) {
  return new Date(date - 60_000 * date.getTimezoneOffset()).toISOString().slice(0, 19);
}

function valueOf(field) {
  if (field.type === "checkbox") return field.checked;
  if (field.type === "number") return field.valueAsNumber;
  if (field.type === "datetime-local") return new Date(field.value).toISOString().replace("Z", "+0000");
  return field.value;
}

function tell(form, text) {
  form.querySelector("[role=alert]").textContent = text;
}

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form.fact");
  if (!form) return;
  event.preventDefault();
  const row = form.closest("[data-fact]");
  const { fact, type, url } = row.dataset;
  const body = JSON.stringify({ type, value: valueOf(form.elements.field) });
  const headers = { "If-Match": form.dataset.tag, "Content-Type": "application/json" };
  const answer = await ask("PUT", url, headers, false, body);
  if (answer.status === 412) return showOther(form, row);
  if (answer.status !== 204) return tell(form, why(answer.status, await answer.text()));
  await closeFact(form);
  return done(_("{name} is saved.", { name: fact }));
});

/** Tell who changed the fact meanwhile, and its present value. Another click on Save replaces it. */
async function showOther(form, row) {
  const { tag, value, status } = await load(row);
  if (status !== 200) return tell(form, why(status));
  const { by, ago } = await whoChanged(row);
  const text = by
    ? _("{by} changed this {ago}. It is {value} now: save again to replace it.", { by, ago, value })
    : _("Somebody has changed this meanwhile. It is {value} now: save again to replace it.", { value });
  form.dataset.tag = tag;
  return tell(form, text);
}

async function whoChanged(row) {
  const { changes } = document.querySelector(".desk").dataset;
  const response = changes ? await ask("GET", `${changes}?name=${encodeURIComponent(row.dataset.fact)}`) : {};
  return response.ok ? response.json() : {};
}
