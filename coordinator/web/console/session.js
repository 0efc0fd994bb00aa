// One session: where it stands, its timeline with evidence, and what a proctor may do.

import { ask } from "./acts.js";
import { messageOf, sessionPath } from "./api.js";
import { drawChart } from "./chart.js";
import { $, drawList, h, say, whileBusy } from "./dom.js";
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
const FILES = { "report.pdf": "pdf", "report.html": "html", "hearing-bundle": "zip" };
const LIVE = {
  connecting: "Connecting to the live stream.",
  live: "Live",
  waiting: "The live stream was lost and is being restored.",
  over: "The session is over.",
  refused: "No live stream is to be had for this session.",
};

export class SessionView {
  section = "session";
  #app;
  #id = "";
  #session = null;
  #alerts = new Map();
  #shown = SHOWN;
  #fresh = null;
  #stopListening = () => {};

  constructor(app) {
    this.#app = app;
  }

  get keys() {
    return [["This session", [
      { key: "m", text: "Send a message", run: () => this.#act("message") },
      { key: "f", text: "Mark this moment", run: () => this.#act("flag") },
      { key: "p", text: "Pause", run: () => this.#act("pause") },
      { key: "r", text: "Resume", run: () => this.#act("resume") },
      { key: "e", text: "Give extra time", run: () => this.#act("extra-time") },
    ]]];
  }

  /** Shows the session of this exam_session_id. */
  enter(id) {
    [this.#id, this.#session, this.#alerts, this.#shown] = [id, null, new Map(), SHOWN];
    $("session-title").textContent = "Session";
    for (const list of [...Object.keys(LISTS), "session-incidents", "session-facts", "session-chart"]) {
      $(list).replaceChildren();
    }
    $("session-live").textContent = "";
    $("session-acts").hidden = true;
    for (const button of $("session-acts").querySelectorAll("button")) {
      button.onclick = () => this.#act(button.dataset.act);
    }
    for (const button of $("session-files").querySelectorAll("button")) {
      button.onclick = () => whileBusy(button, () => this.#save(button.dataset.file));
    }
    $("session-files-error").textContent = "";
    $("session-more").onclick = () => {
      this.#shown += SHOWN;
      this.#draw();
    };
    const onState = (state) => this.#app.tell(state, $("session-state"));
    this.#fresh = keepFresh((signal) => this.#load(signal), { every_s: EVERY_S, onState });
  }

  leave() {
    this.#fresh.stop();
    this.#stopListening();
    this.#stopListening = () => {};
  }

  async #load(signal) {
    const incidents = await this.#app.api.get("incidents", { exam_session_id: this.#id, limit: 200 });
    await (this.#session === null ? this.#loadAll(signal) : this.#loadNew(signal));
    if (signal.aborted) return;
    drawIncidents(incidents.items);
    this.#draw();
  }

  async #loadAll(signal) {
    const timeline = await this.#app.api.get(sessionPath(this.#id, "/timeline"));
    if (signal.aborted) return;
    this.#session = timeline.session;
    this.#alerts = new Map(timeline.items.map((alert) => [alert.event_id, alert]));
    if (this.#session.status !== "active") return drawLive("over");
    const onMessage = (message) => this.#hear(message);
    this.#stopListening = listen(this.#app.api, this.#id, { onMessage, onState: drawLive });
  }

  /** What arrived since the newest that is known: pictures make alerts large, and none is fetched twice but that. */
  async #loadNew(signal) {
    const session = await this.#app.api.get(sessionPath(this.#id));
    if (signal.aborted) return;
    this.#session = session;
    const received = [...this.#alerts.values()].map((alert) => alert.received_at);
    const since = received.sort().at(-1) ?? session.started_at;
    let cursor = "";
    do {
      const page = await this.#app.api.get("alerts", { exam_session_id: this.#id, since, cursor });
      if (signal.aborted) return;
      for (const alert of page.items) this.#alerts.set(alert.event_id, alert);
      cursor = page.next_cursor;
    } while (cursor);
  }

  #hear({ type, event_id: event, event_type: kind, timestamp, duration_seconds: duration, status }) {
    if (type === "alert" || status === "ended") this.#fresh.now();
    if (type === "alert" && LISTS.observed(words.eventClass(kind))) say(`Observed: ${words.eventName(kind)}`);
    const known = this.#alerts.get(event);
    if (type !== "cleared" || !known) return;
    this.#alerts.set(event, { ...known, cleared: timestamp, duration });
    this.#draw();
  }

  #draw() {
    const session = this.#session;
    const running = session.status === "active";
    $("session-title").textContent = session.candidate_id;
    drawList($("session-facts"), factsOf(session), ([name]) => name, ([name, value]) =>
      [h("span", { textContent: name }), h("span", { textContent: value })]);
    $("session-acts").hidden = !running || !this.#app.mayAct();
    $("session-acts").querySelector("[data-act=pause]").hidden = session.paused_at !== null;
    $("session-acts").querySelector("[data-act=resume]").hidden = session.paused_at === null;
    const all = [...this.#alerts.values()].sort((a, b) => b.onset.localeCompare(a.onset));
    const from_ms = Math.min(Date.parse(session.started_at), ...all.map(({ onset }) => Date.parse(onset)));
    const end_ms = running ? Date.now() : Date.parse(session.ended_at ?? session.session_expires_at);
    drawChart($("session-chart"), all, from_ms, end_ms);
    for (const [list, holds] of Object.entries(LISTS)) {
      const items = all.filter((alert) => holds(alert.event_class));
      drawList($(list), items.slice(0, this.#shown), (alert) => alert.event_id, (alert) => alertItem(alert));
      $(`${list}-empty`).hidden = items.length > 0;
    }
    $("session-more").hidden = all.length <= this.#shown;
  }

  async #save(file) {
    $("session-files-error").textContent = "";
    try {
      const name = `${this.#id}.${FILES[file]}`.replace(/[^\w.-]+/g, "_");
      saveAs(name, await this.#app.api.file(sessionPath(this.#id, `/${file}`)));
      say("Saved.");
    } catch (problem) {
      $("session-files-error").textContent = messageOf(problem);
    }
  }

  #act(name) {
    if (name === (this.#session?.paused_at ? "pause" : "resume")) return;
    if (this.#session?.status !== "active" || !this.#app.mayAct()) return;
    ask(this.#app, name, this.#session, () => this.#fresh.now());
  }
}

/** Hands bytes to the browser's own way of saving them. */
function saveAs(name, bytes) {
  const link = h("a", { href: URL.createObjectURL(bytes), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function factsOf(session) {
  return [
    ["Exam", session.exam_id],
    ["Session", session.session_id],
    ["State", words.standing(session)],
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
