// One upload: its state, and the user's actions on it.

import { why } from "./messages.js";
import { ask, tagOf } from "./requests.js";
import { LARGE, sendResumable } from "./resumable.js";
import { sendForm } from "./sending.js";
import { _ } from "./words.js";

const { resumable } = document.querySelector(".desk").dataset; // a live engine takes only forms

export class Upload {
  state = "waiting"; // then sending, paused, storing, and at last stored, cancelled, failed or taken
  sent = 0;
  cause = "";
  again = false; // whether another try may help
  away = false; // whether the desk can't be reached at the moment; the client tries again

  /**
   * @param place the URL of the variables that get the file.
   * @param path the new variable's name: the path of the file in the folder that was dropped.
   * @param old the url, title and tag of the file that it replaces; null for a new file.
   */
  constructor(file, { place, path = file.name, old = null, changed }) {
    Object.assign(this, { file, place, path, old, changed, title: path.split("/").at(-1) });
  }

  get url() {
    return this.old?.url ?? `${this.place}/${encodeURIComponent(this.path)}`;
  }

  /** Send the file, unless the user has cancelled it meanwhile. */
  async run() {
    if (this.state !== "waiting") return;
    this.#to("sending");
    const condition = this.old ? { "If-Match": this.old.tag } : { "If-None-Match": "*" };
    const send = resumable && this.file.size >= LARGE ? sendResumable : sendForm;
    this.sending = send(this.file, this.title, this.url, condition, (sent) => this.#move(sent));
    const { status, body } = await this.sending.answer;
    if (status === 204) await this.#stored();
    else if (status === "cancelled") this.#to("cancelled");
    else if (status === 412) this.#to("taken", this.old ? _("Somebody has replaced it meanwhile.") : _("There is a file of this name already."));
    else this.#fail(status, body);
  }

  cancel() {
    if (["sending", "paused"].includes(this.state)) return this.sending.end();
    if (this.state === "storing") this.unwanted = true; // deleted again once it is stored
    return this.#to(this.unwanted ? "storing" : "cancelled");
  }

  pause() {
    this.sending.pause();
    this.#to("paused");
  }

  resume() {
    this.sending.resume();
    this.#to("sending");
  }

  /** Start again from the first byte, when it is its turn. */
  retry() {
    this.sent = 0;
    this.#to("waiting");
  }

  /** Keep both files: try the next name, `photo (2).png`. */
  both() {
    const [, start, number, end] = /^(.*?)(?: \((\d+)\))?(\.[^./]*)?$/s.exec(this.path);
    this.path = `${start} (${Number(number ?? 1) + 1})${end ?? ""}`;
    this.title = this.path.split("/").at(-1);
    this.old = null;
    this.retry();
  }

  /** Replace the file that has this name now. */
  async replace() {
    const url = this.url;
    const { tag, status } = await tagOf(url);
    if (tag) this.old = { url, title: this.title, tag };
    else if (status === 404) this.old = null;
    this.retry();
  }

  #move(sent) {
    if (this.state === "paused") return; // this report was on its way before the pause
    this.sent = sent ?? this.sent;
    this.#to(this.sent < this.file.size ? "sending" : "storing", "", sent === null);
  }

  async #stored() {
    if (!this.unwanted) return this.#to("stored");
    const { tag } = await tagOf(this.url);
    await ask("DELETE", this.url, { "If-Match": tag });
    return this.#to("cancelled");
  }

  #fail(status, body) {
    this.again = status === 0 || status === 401 || status >= 500;
    this.#to("failed", why(status, body));
    this.offline = status === 0;
  }

  #to(state, cause = "", away = false) {
    Object.assign(this, { state, cause, away });
    this.changed(this);
  }
}
