// One session: its state, its timeline with evidence, and a proctor's acts.

import { ask } from "./acts.js";
import { messageOf, sessionPath } from "./api.js";
import { drawChart } from "./chart.js";
import { asking, clearDevices, drawAsking, makeLink } from "./devices.js";
import { $, drawList, h, say, whileBusy } from "./dom.js";
import { alertItem, severity } from "./evidence.js";
import { keepFresh } from "./fresh.js";
import { listen } from "./live.js";
import * as words from "./words.js";

const EVERY_S = 10;
const SHOWN = 100;
const PAGE = 200;
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
  refused: "There is no live stream for this session.",
};

export class SessionView {
  section = "session";
  #app;
  #id = "";
  #session = null;
  #alerts = new Map();
  #shown = SHOWN;
  #live = false;
  #missed = true; // whether an event may have ended without a message from the socket
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
    [this.#live, this.#missed] = [false, true];
    $("session-title").textContent = "Session";
    for (const list of [...Object.keys(LISTS), "session-incidents", "session-facts", "session-chart"]) {
      $(list).replaceChildren();
    }
    $("session-live").textContent = "";
    $("session-acts").hidden = true;
    clearDevices();
    $("session-new-link").onclick = () => whileBusy($("session-new-link"), () => makeLink(this.#app, this.#id));
    for (const button of $("session-acts").querySelectorAll("[data-act]")) {
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
    await this.#loadNew(signal);
    const waiting = this.#session?.status === "active" ? await asking(this.#app, this.#id) : [];
    if (signal.aborted) return;
    drawIncidents(incidents.items);
    drawAsking(this.#app, this.#id, waiting, () => this.#fresh.now());
    this.#draw();
  }

  /** The alerts since the last request, page by page. The first time, all of them. */
  async #loadNew(signal) {
    const first = this.#session === null;
    const session = await this.#app.api.get(sessionPath(this.#id));
    if (signal.aborted) return;
    const since = this.#since(session);
    const missed = this.#missed;
    let cursor = "";
    do {
      const page = await this.#app.api.get("alerts", { exam_session_id: this.#id, since, cursor, limit: PAGE });
      if (signal.aborted) return;
      for (const alert of page.items) this.#alerts.set(alert.event_id, alert);
      cursor = page.next_cursor;
    } while (cursor);
    this.#session = session;
    if (missed && this.#live) this.#missed = false;
    if (!first) return;
    if (session.status !== "active") return drawLive("over");
    const onMessage = (message) => this.#hear(message);
    this.#stopListening = listen(this.#app.api, this.#id, { onMessage, onState: (state) => this.#onLive(state) });
  }

  /**
   * Pictures make alerts large: only the newest is fetched twice while the socket reports ended events. If it
   * did not, all events that still seem to last are fetched again.
   */
  #since({ started_at: started }) {
    const alerts = [...this.#alerts.values()];
    const lasting = this.#missed ? alerts.filter(lasts) : [];
    const received = (lasting.length ? lasting : alerts).map(({ received_at: at }) => at).sort();
    return (lasting.length ? received[0] : received.at(-1)) ?? started;
  }

  #onLive(state) {
    const back = state === "live" && !this.#live && this.#missed;
    this.#live = state === "live";
    this.#missed ||= state === "waiting" || state === "refused";
    if (back) this.#fresh.now();
    drawLive(state);
  }

  #hear({ type, event_id: event, event_type: kind, timestamp, status, ...ended }) {
    if (type === "alert" || status === "ended") this.#fresh.now();
    if (type === "alert" && LISTS.observed(words.eventClass(kind))) say(`Observed: ${words.eventName(kind)}`);
    const known = this.#alerts.get(event);
    if (type !== "cleared") return;
    if (!known) { // it is being fetched, perhaps in its former state
      this.#missed = true;
      return this.#fresh.now();
    }
    this.#alerts.set(event, { ...known, cleared: timestamp, duration: ended.duration_seconds,
      explanation: ended.explanation, evidence: ended.evidence }); // each of these contains the duration
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

/** Saves bytes through the browser's download. */
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
    ...(session.status === "active" && session.page ? [["Page", words.pageText(session.page)]] : []),
    ["Not watched", words.unwatchedText(session.unwatched_s, session.page?.unwatched_share).replace("Not watched: ", "")
      || (session.unwatched_s ? "0 s" : "unknown")],
    ["Started", `${words.day(session.started_at)}, ${words.clock(session.started_at)}`],
    session.ended_at
      ? ["Ended", words.clock(session.ended_at)]
      : ["Ends automatically", words.clock(session.session_expires_at)],
    ["Not watched", words.unwatched(session.unwatched_s)],
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

function lasts({ event_class: kind, cleared }) {
  return cleared === null && !LISTS.steps(kind);
}
