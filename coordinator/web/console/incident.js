// One incident as a reviewer sees it: what was observed, what was technically wrong around it, what people did.

import { $, drawList, h } from "./dom.js";
import { alertItem, severity } from "./evidence.js";
import * as words from "./words.js";

/** Fills in the incident's panel; `place` says where in the queue it stands. */
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

/** What this person may do about an incident: a second confirmation and an appeal are other people's. */
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

/** Where the review stands, with what this person can do about it. */
function standing({ state, changed_at: changed }, history) {
  if (changed) return `${words.STATES[state]}. Something came to it since; it can be opened again.`;
  const confirmed = history.findLast(({ act }) => act === "confirm");
  if (state === "seconding") return `Confirmed by ${confirmed?.by ?? "one person"}. A confirmation takes two people.`;
  if (state === "appealed") return "The candidate has appealed. Somebody who gave no verdict on it decides.";
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
