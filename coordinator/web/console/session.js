// One session: where it stands, its timeline with evidence, and what a proctor may do.

import { ask } from "./acts.js";
import { sessionPath } from "./api.js";
import { drawChart } from "./chart.js";
import { $, drawList, h } from "./dom.js";
import { alertItem, severity } from "./evidence.js";
import { keepFresh } from "./fresh.js";
import { listen } from "./live.js";
import * as words from "./words.js";

const EVERY_S = 10;
const SHOWN = 100;
const LISTS = {
  observed: (kind) => kind === "conduct" || kind === "identity",
  technical: (kind) => kind === "technical",
  steps: (kind) => kind === "milestone" || kind === "proctor",
};
const LIVE = {
  connecting: "Connecting to the live stream.",
  live: "Live",
  waiting: "The live stream was lost and is being restored.",
  over: "The session is over.",
  refused: "No live stream is to be had for this session.",
};

export function sessionView(app) {
  let id = "";
  let session = null;
  let alerts = new Map();
  let shown = SHOWN;
  let fresh = null;
  let stopListening = () => {};

  async function load(signal) {
    const incidents = await app.api.get("incidents", { exam_session_id: id, limit: 200 });
    await (session === null ? loadAll(signal) : loadNew(signal));
    if (signal.aborted) return;
    drawIncidents(incidents.items);
    draw();
  }

  async function loadAll(signal) {
    const timeline = await app.api.get(sessionPath(id, "/timeline"));
    if (signal.aborted) return;
    session = timeline.session;
    alerts = new Map(timeline.items.map((alert) => [alert.event_id, alert]));
    if (session.status === "active") stopListening = listen(app.api, id, { onMessage: hear, onState: drawLive });
    else drawLive("over");
  }

  /** What arrived since the newest that is known. Pictures make alerts large: none is fetched twice but the newest. */
  async function loadNew(signal) {
    const now = await app.api.get(sessionPath(id));
    if (signal.aborted) return;
    session = now;
    const since = [...alerts.values()].map((alert) => alert.received_at).sort().at(-1) ?? session.started_at;
    let cursor = "";
    do {
      const page = await app.api.get("alerts", { exam_session_id: id, since, cursor });
      if (signal.aborted) return;
      for (const alert of page.items) alerts.set(alert.event_id, alert);
      cursor = page.next_cursor;
    } while (cursor);
  }

  function hear({ type, event_id: event, timestamp, duration_seconds: duration, status }) {
    const known = alerts.get(event);
    if (type === "alert" || status === "ended") fresh.now();
    if (type !== "cleared" || !known) return;
    alerts.set(event, { ...known, cleared: timestamp, duration });
    draw();
  }

  function draw() {
    const running = session.status === "active";
    $("session-title").textContent = session.candidate_id;
    drawList($("session-facts"), facts(), ([name]) => name, ([name, value]) =>
      [h("span", { textContent: name }), h("span", { textContent: value })]);
    $("session-acts").hidden = !running || !app.mayAct();
    const all = [...alerts.values()].sort((a, b) => b.onset.localeCompare(a.onset));
    const end_ms = running ? Date.now() : Date.parse(session.ended_at ?? session.session_expires_at);
    const from_ms = Math.min(Date.parse(session.started_at), ...all.map(({ onset }) => Date.parse(onset)));
    drawChart($("session-chart"), all, from_ms, end_ms);
    for (const [list, holds] of Object.entries(LISTS)) {
      const items = all.filter((alert) => holds(alert.event_class));
      drawList($(list), items.slice(0, shown), (alert) => alert.event_id, (alert) => alertItem(alert));
      $(`${list}-empty`).hidden = items.length > 0;
    }
    $("session-more").hidden = all.length <= shown;
  }

  function facts() {
    return [
      ["Exam", session.exam_id],
      ["Session", session.session_id],
      ["Stands", words.STANDINGS[session.status]],
      ["Started", `${words.day(session.started_at)}, ${words.clock(session.started_at)}`],
      session.ended_at
        ? ["Ended", words.clock(session.ended_at)]
        : ["Ends by itself", words.clock(session.session_expires_at)],
      ["Policy version", String(session.policy_version)],
    ];
  }

  function drawIncidents(incidents) {
    drawList($("session-incidents"), incidents, (one) => one.incident_id, (one) => [
      h("a", { href: `#/review/${one.incident_id}`, textContent: one.event_types.map(words.eventName).join(", ") }),
      h("p", { className: "facts" }, severity(one.severity), h("span", { textContent: words.STATES[one.state] })),
    ]);
    $("session-incidents-empty").hidden = incidents.length > 0;
  }

  function drawLive(state) {
    $("session-live").textContent = LIVE[state];
    $("session-live").dataset.state = state;
  }

  const act = (name) => session?.status === "active" && app.mayAct() && ask(app, name, session, () => fresh.now());

  return {
    section: "session",
    keys: [["This session", [
      { key: "m", text: "Send a message", run: () => act("message") },
      { key: "f", text: "Mark this moment", run: () => act("flag") },
      { key: "p", text: "Pause", run: () => act("pause") },
      { key: "r", text: "Resume", run: () => act("resume") },
      { key: "e", text: "Give extra time", run: () => act("extra-time") },
    ]]],
    enter(wanted) {
      [id, session, alerts, shown] = [wanted, null, new Map(), SHOWN];
      $("session-title").textContent = "Session";
      for (const list of ["observed", "technical", "steps", "session-incidents", "session-facts", "session-chart"]) {
        $(list).replaceChildren();
      }
      $("session-acts").hidden = true;
      for (const button of $("session-acts").querySelectorAll("button")) button.onclick = () => act(button.dataset.act);
      $("session-more").onclick = () => {
        shown += SHOWN;
        draw();
      };
      fresh = keepFresh(load, { every_s: EVERY_S, onState: (state) => app.tell(state, $("session-state")) });
    },
    leave() {
      fresh.stop();
      stopListening();
      stopListening = () => {};
    },
  };
}
