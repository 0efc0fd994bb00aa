// The review queue: one incident after the other, by keyboard alone if one likes.

import { $, drawList, h, say } from "./dom.js";
import { severity } from "./evidence.js";
import { keepFresh } from "./fresh.js";
import { drawIncident } from "./incident.js";
import { verdicts } from "./verdicts.js";
import * as words from "./words.js";

const EVERY_S = 10;
const PAGE = 100;
const KEPT = 10; // incidents whose evidence is kept in memory; the one after the shown one is among them

export function queueView(app) {
  const details = new Map();
  let incidents = [];
  let chosen = null;
  let detail = null;
  let fresh = null;
  const forms = verdicts(app, { decided, changed: (incident) => note(incident) });

  async function load(signal) {
    const page = await app.api.get("incidents", { state: $("queue-states").value.split(" "), limit: PAGE });
    if (signal.aborted) return;
    incidents = page.items.filter((one) => !isMineAlone(one) || one.incident_id === chosen);
    $("queue-count").textContent = `${words.counted(incidents.length, "incident")}${page.next_cursor ? " and more" : ""}`;
    $("queue-empty").hidden = incidents.length > 0;
    if (chosen === null && incidents.length) await choose(incidents[0].incident_id);
    else draw();
    await showIfChanged();
  }

  /** The list is newer than the evidence shown: it is fetched again, unless somebody is just writing about it. */
  async function showIfChanged() {
    const listed = incidents.find(({ incident_id: id }) => id === chosen);
    if (!listed || !detail || forms.busy() || JSON.stringify(listed) === JSON.stringify(detail.incident)) return;
    details.delete(chosen);
    await show(chosen);
  }

  /** Confirmed by this person already, so that only another one can go on with it. */
  function isMineAlone({ incident_id: id, state }) {
    return state === "seconding" && forms.confirmed.has(id) && $("queue-states").value !== "seconding";
  }

  function draw() {
    drawList($("queue-list"), incidents.map((one) => ({ ...one, chosen: one.incident_id === chosen })),
      ({ incident_id: id }) => id, row);
  }

  function row(one) {
    const button = h("button", { type: "button", onclick: () => choose(one.incident_id, { focus: true }) },
      h("strong", { textContent: one.event_types.map(words.eventName).join(", ") }),
      h("span", { className: "quiet", textContent: `${one.candidate_id} · ${words.clock(one.begins_at)}` }),
      severity(one.severity),
      h("span", { className: "state", textContent: stateText(one) }));
    if (one.chosen) button.ariaCurrent = "true";
    return [button];
  }

  function stateText({ state, claimed_by: by, claim_expires_at: until, changed_at: changed }) {
    if (changed) return `${words.STATES[state]}; something came to it since`;
    const claimed = by && Date.parse(until) > Date.now();
    return claimed && state !== "dismissed" ? `${words.STATES[state]} · with ${by}` : words.STATES[state];
  }

  /** Shows an incident; with `focus`, whoever uses keyboard or screen reader goes on reading there. */
  async function choose(id, { focus = false } = {}) {
    [chosen, detail] = [id, null]; // no key acts on what is not shown yet
    forms.none();
    draw();
    await show(id);
    if (focus && chosen === id) $("incident-title").focus();
  }

  async function show(id) {
    try {
      const found = await fetched(id);
      if (chosen !== id) return;
      detail = found;
    } catch (problem) {
      if (chosen === id) $("incident-error").textContent = problem.message;
      return;
    }
    $("incident-error").textContent = "";
    $("incident").hidden = false;
    drawIncident(detail, placeOf(id));
    forms.about(detail);
    fetched(next(1)).catch(() => {}); // so that it is there when it is asked for
  }

  async function fetched(id) {
    if (!id) return null;
    if (!details.has(id)) {
      const [found, technical] = await Promise.all([app.api.get(`incidents/${id}`), technicalOf(id)]);
      details.set(id, { ...found, technical });
      if (details.size > KEPT) details.delete(details.keys().next().value);
    }
    return details.get(id);
  }

  /** Technical trouble of the incident's session: what may explain it stands beside it. */
  async function technicalOf(id) {
    const known = incidents.find((one) => one.incident_id === id);
    if (!known) return [];
    const page = await app.api.get("alerts", {
      exam_session_id: known.exam_session_id, event_class: "technical", limit: 200 });
    return page.items;
  }

  function placeOf(id) {
    const place = incidents.findIndex((one) => one.incident_id === id);
    return place < 0 ? "" : `${place + 1} of ${incidents.length}`;
  }

  function next(step) {
    const place = incidents.findIndex((one) => one.incident_id === chosen);
    return incidents[place + step]?.incident_id ?? null;
  }

  function move(step) {
    const id = next(step);
    if (id) choose(id, { focus: true });
    else say(step > 0 ? "This is the last incident." : "This is the first incident.");
  }

  /** After a verdict: the incident leaves the list, and the next one is there at once. */
  async function decided(incident, sentence) {
    details.delete(incident.incident_id);
    const following = next(1) ?? next(-1);
    incidents = incidents.filter(({ incident_id: id }) => id !== incident.incident_id);
    $("queue-last").textContent = `${sentence} ${incident.candidate_id}, ${words.clock(incident.begins_at)}.`;
    $("queue-count").textContent = words.counted(incidents.length, "incident");
    $("queue-empty").hidden = incidents.length > 0;
    if (following) return choose(following, { focus: true });
    [chosen, detail] = [null, null];
    forms.none();
    $("incident").hidden = true;
    draw();
    $("queue-title").focus();
    fresh.now();
  }

  /** Something else was done about an incident: the list says so, and its evidence and history are fetched again. */
  async function note(incident) {
    details.delete(incident.incident_id);
    incidents = incidents.map((one) => (one.incident_id === incident.incident_id ? incident : one));
    draw();
    if (chosen === incident.incident_id) await show(chosen);
  }

  return {
    section: "queue",
    keys: [
      ["Queue", [
        { key: "j", text: "Next incident", run: () => move(1) },
        { key: "k", text: "Previous incident", run: () => move(-1) },
        { key: "t", text: "Open its session", run: () => detail && $("incident-session").click() },
        { key: "v", text: "Enlarge the picture", run: () => $("incident-alerts").querySelector(".picture")?.click() },
      ]],
      ["This incident", forms.keys],
    ],
    enter(id) {
      [chosen, detail] = [id || null, null];
      $("incident").hidden = true;
      $("incident-error").textContent = "";
      $("queue-states").onchange = () => {
        chosen = null;
        fresh.now();
      };
      if (id) show(id);
      fresh = keepFresh(load, { every_s: EVERY_S, onState: (state) => app.tell(state, $("queue-state")) });
    },
    leave() {
      fresh.stop();
      forms.none();
      details.clear();
    },
  };
}
