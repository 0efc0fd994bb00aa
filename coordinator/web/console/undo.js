// The last verdict, which its reviewer can undo until it is in effect: by a button and a key, for ten seconds.

import { messageOf } from "./api.js";
import { $, say, whileBusy } from "./dom.js";

const FOR_MS = 10_000; // the coordinator decides; a late undo is refused with advice

/** One verdict at a time; each new verdict replaces the one before. */
export class Undo {
  #app;
  #undone;
  #incident = null;
  #timer = 0;

  /** `undone(incident)` is called with the incident as it is after the undo. */
  constructor(app, undone) {
    this.#app = app;
    this.#undone = undone;
    $("undo").onclick = () => this.run();
  }

  /** Offers to undo the verdict just given on this incident; returns a sentence that says how. */
  offer(incident, sentence) {
    clearTimeout(this.#timer);
    this.#incident = incident;
    $("undo").hidden = false;
    $("queue-last").textContent = `${sentence} Press z within 10 seconds to undo.`;
    this.#timer = setTimeout(() => {
      this.withdraw();
      $("queue-last").textContent = sentence;
    }, FOR_MS);
  }

  withdraw() {
    clearTimeout(this.#timer);
    this.#incident = null;
    if (document.activeElement === $("undo")) $("queue-title").focus();
    $("undo").hidden = true;
  }

  run() {
    const incident = this.#incident;
    if (incident) return whileBusy($("undo"), () => this.#perform(incident.incident_id));
  }

  async #perform(id) {
    try {
      const incident = await this.#app.api.post(`incidents/${id}/undo`, {}, { once: true });
      this.withdraw();
      $("queue-last").textContent = "";
      say("The verdict was undone.");
      this.#undone(incident);
    } catch (problem) {
      $("queue-last").textContent = messageOf(problem);
      if (problem.code !== "offline") this.withdraw();
    }
  }
}
