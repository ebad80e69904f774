// What has happened, in words for the person in front of the screen.

const WHY = {
  0: "The desk does not answer. Is it still running?",
  401: "You are logged out. Load this page again to log in.",
  403: "It is not yours.",
  404: "It is no longer there.",
  412: "Somebody else has changed it in the meantime. This is how it is now: please look again.",
  413: "It is larger than the desk takes.",
  503: "The database is busy. Please try again in a moment.",
};

/** Why a request failed; `status` is 0 when there was no answer. */
export function why(status) {
  return WHY[status] ?? `The desk could not do this (${status}).`;
}

/** Announce what is done, on the page and to screen readers. */
export function done(text) {
  show(text, "");
}

/** Announce what failed. */
export function failed(text) {
  show("", text);
}

function show(good, bad) {
  document.getElementById("done").textContent = good;
  document.getElementById("failed").textContent = bad;
}
