// One incident for a reviewer: observations, technical events around it, and its history.

import { $, drawList, h } from "./dom.js";
import { alertItem, severity } from "./evidence.js";
import * as words from "./words.js";

/** Fills in the incident's panel; `place` is its position in the queue. */
export function drawIncident({ incident, alerts, history, technical }, place) {
  $("incident").dataset.id = incident.incident_id;
  $("incident-place").textContent = place;
  $("incident-title").textContent = incident.event_types.map(words.eventName).join(", ");
  $("incident-session").href = `#/session/${encodeURIComponent(incident.exam_session_id)}`;
  $("incident-session").textContent = incident.candidate_id;
  $("incident-facts").replaceChildren(
    h("span", { textContent: incident.exam_id }),
    h("span", { textContent: `${words.day(incident.begins_at)}, ${span(incident)}` }),
    severity(incident.severity),
  );
  $("incident-state").textContent = standing(incident, history);
  drawList($("incident-alerts"), alerts, (alert) => alert.event_id, (alert) => alertItem(alert, { pictures: true }));
  drawList($("incident-technical"), technical, (alert) => alert.event_id, (alert) => alertItem(alert));
  $("incident-technical-empty").hidden = technical.length > 0;
  drawList($("incident-history"), history, ({ at, act }) => `${at} ${act}`, (act) => deed(act, alerts));
  $("incident-history-empty").hidden = history.length > 0;
}

const FINDS = ["confirm", "dismiss"];
const VERDICTS = [...FINDS, "uphold", "overturn"];
const MOVES = [...VERDICTS, "reopen", "appeal"];

/** This person's allowed acts on an incident: a second confirmation and an appeal need other people. */
export function possibleActs(detail, me, administrator) {
  const { incident: { state }, history } = detail;
  const verdicts = {
    open: ["claim", "confirm", "dismiss"],
    seconding: confirmers(history).includes(me) ? ["claim", "dismiss"] : ["claim", "confirm", "dismiss"],
    appealed: judged(history, me) ? [] : ["claim", "uphold", "overturn"],
  };
  return [...(verdicts[state] ?? []), "comment", ...(mayReopen(detail, me, administrator) ? ["reopen"] : [])];
}

/** A person's own verdict, or any verdict with newer alerts, may be reopened; administrators may reopen any. */
function mayReopen({ incident, history }, me, administrator) {
  if (incident.changed_at) return true;
  if (!["confirmed", "dismissed", "upheld", "overturned"].includes(incident.state)) return false;
  const last = standingActs(history).findLast(({ incident_id: id }) => id === incident.incident_id);
  const mine = last?.act === "confirm" ? confirmers(history).includes(me) : last?.by === me;
  const appealDecided = incident.state === "upheld" || incident.state === "overturned";
  return mine || (administrator && !(appealDecided && judged(history, me)));
}

/** The acts that changed the state of the incident, without undone ones. */
export function standingActs(history) {
  const kept = [];
  for (const one of history) {
    if (one.act === "undo") kept.splice(kept.findLastIndex(({ incident_id: id }) => id === one.incident_id), 1);
    else if (MOVES.includes(one.act)) kept.push(one);
  }
  return kept;
}

function confirmers(history) {
  const kept = standingActs(history);
  const opened = kept.findLastIndex(({ act }) => act === "reopen") + 1;
  return kept.slice(opened).filter(({ act }) => act === "confirm").map(({ by }) => by);
}

/** Whether this person gave a verdict on it, even one that was undone. */
function judged(history, me) {
  return history.some(({ act, by }) => FINDS.includes(act) && by === me)
    || standingActs(history).some(({ act, by }) => VERDICTS.includes(act) && by === me);
}

function span({ begins_at: begins, ends_at: ends }) {
  return ends ? `${words.clock(begins)} to ${words.clock(ends)}` : `since ${words.clock(begins)}`;
}

/** The state of the review, and what this person can do. */
function standing({ state, changed_at: changed }, history) {
  if (changed) return `${words.STATES[state]}. It has new alerts since; it can be reopened.`;
  const confirmed = standingActs(history).findLast(({ act }) => act === "confirm");
  if (state === "seconding") return `Confirmed by ${confirmed?.by ?? "one person"}. A confirmation needs two people.`;
  if (state === "appealed") return "The candidate has appealed. Someone who gave no verdict on it decides.";
  return `${words.STATES[state]}.`;
}

function deed({ at, by, role, act, reason, text, findings }, alerts) {
  const who = role === "candidate" ? "The candidate" : by;
  const why = reason ? `: ${words.reasonName(reason).toLowerCase()}` : "";
  const about = alerts.filter(({ event_id: id }) => findings.includes(id));
  const some = about.length && about.length < alerts.length ? ` Only about: ${about.map(finding).join(", ")}.` : "";
  return [
    h("p", {}, h("time", { dateTime: at, textContent: words.clock(at) }), ` ${who} ${words.ACTS[act]}${why}.${some}`),
    text && h("blockquote", { textContent: text }),
  ].filter(Boolean);
}

/** A finding in few words: "14:20:05 Face unlike". */
export function finding({ onset, event_type: event }) {
  return `${words.clock(onset)} ${words.eventName(event)}`;
}
