// Enrollments that are unlike the one before: an administrator accepts or refuses each.

import { messageOf } from "./api.js";
import { $, drawList, h, say, whileBusy } from "./dom.js";
import { keepFresh } from "./fresh.js";
import * as words from "./words.js";

const EVERY_S = 10;
const PAGE = 100;
const PATH = "pending-enrollments";
const SAID = { accept: "Accepted. It counts from now on.", refuse: "Refused. The one before goes on counting." };

export class Faces {
  section = "faces";
  keys = [];
  #app;
  #fresh = null;

  constructor(app) {
    this.#app = app;
  }

  enter() {
    const onState = (state) => this.#app.tell(state, $("faces-state"));
    this.#fresh = keepFresh((signal) => this.#load(signal), { every_s: EVERY_S, onState });
  }

  leave() {
    this.#fresh.stop();
  }

  async #load(signal) {
    const page = await this.#app.api.get(PATH, { limit: PAGE });
    if (signal.aborted) return;
    drawList($("faces-list"), page.items, (one) => one.enrollment_id, (one) => this.#card(one));
    $("faces-empty").hidden = page.items.length > 0;
  }

  #card(one) {
    const id = `grounds-${one.enrollment_id}`;
    const grounds = h("textarea", { id, rows: 2, maxLength: 2000 });
    const wrong = h("p", { className: "error", role: "alert" });
    const button = (verdict, text) => {
      const made = h("button", { type: "button", textContent: text });
      made.onclick = () => whileBusy(made, () => this.#decide(one, verdict, grounds, wrong));
      return made;
    };
    return [
      h("h2", { textContent: one.candidate_id }),
      h("p", { textContent: factsOf(one) }),
      h("label", { htmlFor: id, textContent: "Grounds, for the record" }),
      grounds,
      wrong,
      h("div", { className: "choices" }, button("accept", "Accept"), button("refuse", "Refuse")),
    ];
  }

  async #decide(one, verdict, grounds, wrong) {
    wrong.textContent = grounds.value.trim() ? "" : "Write down why.";
    if (wrong.textContent) return grounds.focus();
    try {
      await this.#app.api.post(`${PATH}/${one.enrollment_id}/decide`, { verdict, text: grounds.value.trim() });
      say(SAID[verdict]);
      this.#fresh.now();
    } catch (problem) {
      wrong.textContent = messageOf(problem);
    }
  }
}

function factsOf({ exam_id: exam, enrolled_at: at, similarity }) {
  const likeness = similarity === null ? "could not be compared" : `similarity ${similarity.toFixed(2)}`;
  return `Enrolled ${words.day(at)}, ${words.minute(at)}, for ${exam}; to the one in force: ${likeness}.`;
}
