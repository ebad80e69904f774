// Messages for the user, in a line of their own above the files.

import { _ } from "./words.js";

const WHY = {
  0: _("The desk does not answer. Is it still running?"),
  401: _("You are logged out. Load this page again to log in."),
  403: _("It is not yours."),
  404: _("It is no longer there."),
  412: _("Somebody else has changed it in the meantime. This is how it is now: please look again."),
  413: _("It is larger than the desk takes."),
  415: _("The desk does not take files of this kind."),
  422: _("A check has refused it."),
  503: _("The desk is busy. Please try again in a moment."),
  507: _("The desk has no room left for it. Please tell whoever looks after the desk."),
};

/** Why a request failed. `status` is 0 if there was no answer. If a gate refused the value, its reason is in `body`. */
export function why(status, body = "") {
  const { type, message } = parsed(body);
  if (type !== "RefusedException") return WHY[status] ?? message ?? _("The desk could not do this ({status}).", { status });
  return _("{why} “{message}”", { why: WHY[[413, 415].includes(status) ? status : 422], message });
}

function parsed(body) {
  try {
    return JSON.parse(body);
  } catch {
    return {}; // a proxy in front of the desk has answered with its own page
  }
}

/** Announce a success, on the page and to screen readers. */
export function done(text) {
  show(text, "");
}

/** Announce a failure. */
export function failed(text) {
  show("", text);
}

function show(good, bad) {
  document.getElementById("done").textContent = good;
  document.getElementById("failed").textContent = bad;
  document.getElementById("count").hidden = Boolean(good || bad);
}
