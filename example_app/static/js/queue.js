// Send uploads one after the other, and reload the page's lists when a file is stored.

import { refresh } from "./requests.js";

const PAUSE = 2000; // milliseconds between two reloads while more files wait
const waiting = [];
let busy = false;
let last = 0;

/** Send a file when it is its turn. */
export async function queue(upload) {
  waiting.push(upload);
  if (busy) return;
  busy = true;
  while (waiting.length) {
    await waiting.shift().run();
    if (waiting.length && performance.now() - last < PAUSE) continue;
    await refresh();
    last = performance.now();
  }
  busy = false;
}
