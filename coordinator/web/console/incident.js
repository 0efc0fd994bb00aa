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
  drawList($("incident-history"), history, ({ at, act }) => `${at} ${act}`, deed);
  $("incident-history-empty").hidden = history.length > 0;
}

const VERDICTS = ["confirm", "dismiss", "uphold", "overturn"];

/** This person's allowed acts on an incident: a second confirmation and an appeal need other people. */
export function possibleActs({ incident, history }, me) {
  const { state, changed_at: changed } = incident;
  const opened = history.findLastIndex(({ act }) => act === "reopen") + 1;
  const confirmed = history.slice(opened).some(({ act, by }) => act === "confirm" && by === me);
  const judged = history.some(({ act, by }) => VERDICTS.includes(act) && by === me);
  const verdicts = {
    open: ["claim", "confirm", "dismiss"],
    seconding: confirmed ? ["claim", "dismiss"] : ["claim", "confirm", "dismiss"],
    appealed: judged ? [] : ["claim", "uphold", "overturn"],
  };
  return [...(verdicts[state] ?? []), "comment", ...(changed ? ["reopen"] : [])];
}

function span({ begins_at: begins, ends_at: ends }) {
  return ends ? `${words.clock(begins)} to ${words.clock(ends)}` : `since ${words.clock(begins)}`;
}

/** The state of the review, and what this person can do. */
function standing({ state, changed_at: changed }, history) {
  if (changed) return `${words.STATES[state]}. It has new alerts since; it can be reopened.`;
  const confirmed = history.findLast(({ act }) => act === "confirm");
  if (state === "seconding") return `Confirmed by ${confirmed?.by ?? "one person"}. A confirmation needs two people.`;
  if (state === "appealed") return "The candidate has appealed. Someone who gave no verdict on it decides.";
  return `${words.STATES[state]}.`;
}

function deed({ at, by, role, act, reason, text }) {
  const who = role === "candidate" ? "The candidate" : by;
  const why = reason ? `: ${words.reasonName(reason).toLowerCase()}` : "";
  return [
    h("p", {}, h("time", { dateTime: at, textContent: words.clock(at) }), ` ${who} ${words.ACTS[act]}${why}.`),
    text && h("blockquote", { textContent: text }),
  ].filter(Boolean);
}
