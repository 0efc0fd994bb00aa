// The review queue: one incident after the other, usable by keyboard alone.

import { messageOf } from "./api.js";
import { $, drawList, h, say } from "./dom.js";
import { severity } from "./evidence.js";
import { keepFresh } from "./fresh.js";
import { drawIncident } from "./incident.js";
import { Undo } from "./undo.js";
import { Verdicts } from "./verdicts.js";
import * as words from "./words.js";

const EVERY_S = 10;
const PAGE = 100;
const KEPT = 10; // incidents with evidence kept in memory, the next one included

export class Queue {
  section = "queue";
  #app;
  #forms;
  #undo;
  #details = new Map();
  #incidents = [];
  #chosen = null;
  #detail = null;
  #decisions = 0;
  #fresh = null;

  constructor(app) {
    this.#app = app;
    this.#forms = new Verdicts(app, {
      decided: (incident, sentence) => this.#decided(incident, sentence),
      changed: (incident) => this.#changed(incident),
    });
    this.#undo = new Undo(app, (incident) => this.#undone(incident));
  }

  get keys() {
    return [
      ["Queue", [
        { key: "j", text: "Next incident", run: () => this.#move(1) },
        { key: "k", text: "Previous incident", run: () => this.#move(-1) },
        { key: "t", text: "Open its session", run: () => this.#detail && $("incident-session").click() },
        { key: "v", text: "Enlarge the picture", run: () => $("incident-alerts").querySelector(".picture")?.click() },
        { key: "z", text: "Undo the last verdict, for 10 seconds", run: () => this.#undo.run() },
      ]],
      ["This incident", this.#forms.keys],
    ];
  }

  /** Shows the queue; with an incident's id, that one first. */
  enter(id) {
    [this.#chosen, this.#detail] = [id || null, null];
    $("incident").hidden = true;
    $("incident-error").textContent = "";
    $("queue-states").onchange = () => {
      this.#chosen = null;
      this.#fresh.now();
    };
    if (id) this.#show(id);
    const onState = (state) => this.#app.tell(state, $("queue-state"));
    this.#fresh = keepFresh((signal) => this.#load(signal), { every_s: EVERY_S, onState });
  }

  leave() {
    this.#fresh.stop();
    this.#forms.none();
    this.#undo.withdraw();
    this.#details.clear();
  }

  async #load(signal) {
    const state = $("queue-states").value.split(" ");
    const decisions = this.#decisions;
    const page = await this.#app.api.get("incidents", { state, limit: PAGE });
    if (signal.aborted) return;
    if (decisions !== this.#decisions) return this.#load(signal); // this list may be of before the verdict
    this.#incidents = page.items.filter((one) => !this.#waitsForAnother(one) || one.incident_id === this.#chosen);
    this.#count(page.next_cursor ? " and more" : "");
    if (this.#chosen === null && this.#incidents.length) await this.#choose(this.#incidents[0].incident_id);
    else this.#draw();
    await this.#showIfChanged();
  }

  #count(more = "") {
    $("queue-count").textContent = `${words.counted(this.#incidents.length, "incident")}${more}`;
    $("queue-empty").hidden = this.#incidents.length > 0;
  }

  /** The list is newer than the shown evidence: fetch it again, unless a form is open. */
  async #showIfChanged() {
    const listed = this.#incidents[this.#place()];
    if (!listed || !this.#detail || this.#forms.busy) return;
    if (JSON.stringify(listed) === JSON.stringify(this.#detail.incident)) return;
    this.#details.delete(this.#chosen);
    await this.#show(this.#chosen);
  }

  /** Already confirmed by this person, so that only another one can continue. */
  #waitsForAnother({ incident_id: id, state }) {
    return state === "seconding" && this.#forms.confirmed.has(id) && $("queue-states").value !== "seconding";
  }

  #draw() {
    const shown = this.#incidents.map((one) => ({ ...one, chosen: one.incident_id === this.#chosen }));
    drawList($("queue-list"), shown, ({ incident_id: id }) => id, (one) =>
      [row(one, () => this.#choose(one.incident_id, { focus: true }))]);
  }

  /** Shows an incident; `focus` moves keyboard and screen reader there. */
  async #choose(id, { focus = false } = {}) {
    [this.#chosen, this.#detail] = [id, null]; // keys must not act on an incident that is not shown yet
    this.#forms.none();
    this.#draw();
    await this.#show(id);
    if (focus && this.#chosen === id) $("incident-title").focus();
  }

  async #show(id) {
    try {
      const found = await this.#fetched(id);
      if (this.#chosen !== id) return;
      this.#detail = found;
    } catch (problem) {
      if (this.#chosen === id) $("incident-error").textContent = messageOf(problem);
      return;
    }
    $("incident-error").textContent = "";
    $("incident").hidden = false;
    drawIncident(this.#detail, this.#place() < 0 ? "" : `${this.#place() + 1} of ${this.#incidents.length}`);
    this.#forms.about(this.#detail);
    this.#fetched(this.#neighbour(1)).catch(() => {}); // so that it is ready when requested
  }

  async #fetched(id) {
    if (!id) return null;
    if (!this.#details.has(id)) {
      this.#details.set(id, await this.#app.api.get(`incidents/${id}`));
      if (this.#details.size > KEPT) this.#details.delete(this.#details.keys().next().value);
    }
    return this.#details.get(id);
  }

  #place() {
    return this.#incidents.findIndex(({ incident_id: id }) => id === this.#chosen);
  }

  #neighbour(step) {
    return this.#incidents[this.#place() + step]?.incident_id ?? null;
  }

  #move(step) {
    const id = this.#neighbour(step);
    if (id) this.#choose(id, { focus: true });
    else say(step > 0 ? "This is the last incident." : "This is the first incident.");
  }

  /** After a verdict: the incident leaves the list, and the next one is shown at once. */
  async #decided(incident, sentence) {
    this.#decisions += 1;
    this.#details.delete(incident.incident_id);
    const following = this.#neighbour(1) ?? this.#neighbour(-1);
    this.#incidents = this.#incidents.filter(({ incident_id: id }) => id !== incident.incident_id);
    this.#undo.offer(incident, `${sentence} ${incident.candidate_id}, ${words.clock(incident.begins_at)}.`);
    this.#count();
    if (this.#chosen !== incident.incident_id) return this.#draw();
    if (following) return this.#choose(following, { focus: true });
    [this.#chosen, this.#detail] = [null, null];
    this.#forms.none();
    $("incident").hidden = true;
    this.#draw();
    $("queue-title").focus();
    this.#fresh.now();
  }

  /** After an undo: the incident is shown again, as it was before its verdict. */
  async #undone({ incident_id: id }) {
    this.#forms.confirmed.delete(id);
    this.#details.delete(id);
    this.#fresh.now();
    await this.#choose(id, { focus: true });
  }

  /** After another act on an incident: update the list, fetch evidence and history again. */
  async #changed(incident) {
    this.#details.delete(incident.incident_id);
    this.#incidents = this.#incidents.map((one) => (one.incident_id === incident.incident_id ? incident : one));
    this.#draw();
    if (this.#chosen === incident.incident_id) await this.#show(incident.incident_id);
  }
}

function row(one, onclick) {
  const button = h("button", { type: "button", onclick },
    h("strong", { textContent: one.event_types.map(words.eventName).join(", ") }),
    h("span", { className: "quiet", textContent: `${one.candidate_id} · ${words.clock(one.begins_at)}` }),
    severity(one.severity),
    h("span", { className: "state", textContent: stateText(one) }));
  if (one.chosen) button.ariaCurrent = "true";
  return button;
}

function stateText({ state, claimed_by: by, claim_expires_at: until, changed_at: changed }) {
  if (changed) return `${words.STATES[state]}; has new alerts since`;
  return by && Date.parse(until) > Date.now() ? `${words.STATES[state]} · with ${by}` : words.STATES[state];
}
