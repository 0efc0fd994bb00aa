// The wall: sessions worst first, with the state of each candidate's page from one socket.

import { $, drawList, h } from "./dom.js";
import { severity } from "./evidence.js";
import { feed } from "./feed.js";
import { keepFresh } from "./fresh.js";
import { CLASSES } from "./vocabulary.js";
import * as words from "./words.js";

const EVERY_S = 5;
const PAGE = 60;
const MOST = 600;
const SHOWN_KINDS = 3;

export class Wall {
  section = "wall";
  keys = [["Sessions", [{ key: "/", text: "Filter by exam", run: () => $("wall-exam").focus() }]]];
  #app;
  #feed = null;
  #cards = new Map(); // the newest card from the socket, by session
  #heard = new Map();
  #wanted = PAGE;
  #sessions = [];
  #fresh = null;

  constructor(app) {
    this.#app = app;
  }

  enter() {
    const change = (event) => {
      event.preventDefault();
      this.#wanted = PAGE;
      this.#fresh.now();
    };
    $("wall-filters").onsubmit = $("wall-filters").onchange = change;
    $("wall-more").onclick = () => {
      this.#wanted += PAGE;
      this.#fresh.now();
    };
    const onState = (state) => this.#app.tell(state, $("wall-state"));
    this.#fresh = keepFresh((signal) => this.#load(signal), { every_s: EVERY_S, onState });
    this.#feed = feed(this.#app.api, { onItems: (items) => this.#take(items), onLost: () => this.#cards.clear() });
  }

  leave() {
    this.#fresh.stop();
    this.#feed.stop();
    this.#cards.clear();
  }

  async #load(signal) {
    const [listed, nodes, waiting] = await Promise.all([
      this.#pages(),
      this.#app.api.get("nodes"),
      this.#app.api.get("incidents", { state: ["open", "seconding", "appealed"], limit: 200 }),
    ]);
    if (signal.aborted) return;
    this.#sessions = listed.map((session) => cardOf(session, nodes, waiting.items));
    this.#showShown();
    this.#draw();
  }

  /** The wanted number of sessions, from as many pages as needed. */
  async #pages() {
    const found = [];
    let cursor = "";
    do {
      const limit = Math.min(this.#wanted - found.length, 200);
      const page = await this.#app.api.get("sessions", { ...filters(), limit, cursor });
      found.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor && found.length < this.#wanted);
    $("wall-more").hidden = !cursor || this.#wanted >= MOST;
    return found;
  }

  #showShown() {
    const ids = this.#sessions.map(({ id }) => id);
    for (const kept of [this.#cards, this.#heard]) {
      for (const id of kept.keys()) if (!ids.includes(id)) kept.delete(id);
    }
    this.#feed.show(ids);
  }

  #take(items) {
    if (!items.length) return;
    for (const { session_id: id, last, ...card } of items) {
      if (last) this.#heard.set(id, { event: last.event_type, at: last.timestamp });
      else this.#cards.set(id, card);
    }
    if (items.some(({ last, page }) => last || page?.state === "over")) this.#fresh.now();
    this.#draw();
  }

  #draw() {
    const shown = this.#sessions.map((session) => ({
      ...session, ...this.#cards.get(session.id), last: this.#heard.get(session.id) ?? null,
    }));
    drawList($("wall-list"), shown, ({ id }) => id, card);
    $("wall-empty").hidden = shown.length > 0;
  }
}

function filters() {
  return { exam_id: $("wall-exam").value.trim(), state: $("wall-standing").value };
}

/** The values that a card shows, and no others. */
function cardOf(session, nodes, incidents) {
  const node = nodes.find(({ node_id: id }) => id === session.edge_node);
  const own = incidents.filter(({ exam_session_id: id }) => id === session.session_id);
  return {
    id: session.session_id,
    candidate: session.candidate_id,
    exam: session.exam_id,
    status: session.status,
    standing: words.standing(session).replace(/^Running(; )?/, ""), // the page's state says more
    page: session.page,
    unwatched_s: session.unwatched_s,
    started: session.started_at,
    severity: session.worst_severity,
    waiting: session.open_incidents,
    count: session.incident_count,
    kinds: [...new Set(own.flatMap((one) => one.event_types))],
    node: node ? { region: node.region, status: node.status, level: node.level } : null,
  };
}

function card(session, item) {
  item.dataset.weight = session.severity >= 0.7 ? "high" : session.severity > 0 ? "some" : "none";
  const link = h("a", { href: `#/session/${encodeURIComponent(session.id)}`, textContent: session.candidate });
  return [
    h("h2", {}, link),
    h("p", { className: "quiet", textContent: `${session.exam} · ${session.id}` }),
    h("p", { className: "facts" },
      session.count ? severity(session.severity) : h("span", { textContent: "Nothing to review" }),
      session.waiting
        ? h("strong", { textContent: `${words.counted(session.waiting, "incident")} to review` })
        : session.count ? h("span", { textContent: "All reviewed" }) : null),
    pageOf(session),
    kindsOf(session.kinds),
    session.last && lastOf(session.last),
    h("p", { className: "quiet", textContent: [
      session.standing, `started ${words.minute(session.started)}`, nodeText(session.node),
    ].filter(Boolean).join(" · ") }),
  ].filter(Boolean);
}

/** The state of the candidate's page, and how much nobody watched. The colour only repeats the words. */
function pageOf({ status, page, unwatched_s: seconds }) {
  if (status !== "active" || !page) return null;
  const unwatched = words.unwatchedText(seconds, page.unwatched_share);
  return h("p", { className: "page", data: { state: page.state } },
    h("strong", { textContent: words.pageText(page) }), unwatched && h("span", { textContent: unwatched }));
}

function kindsOf(kinds) {
  if (!kinds.length) return null;
  const more = kinds.length - SHOWN_KINDS;
  return h("ul", { className: "kinds", ariaLabel: "Observed" },
    ...kinds.slice(0, SHOWN_KINDS).map((kind) => h("li", { textContent: words.eventName(kind) })),
    more > 0 && h("li", { textContent: `and ${more} more` }));
}

/** The last message; technical events are marked, because they say nothing about the candidate. */
function lastOf({ at, event }) {
  const kind = words.eventClass(event);
  const text = `${words.clock(at)} ${kind === "technical" ? `${CLASSES.technical}: ` : ""}${words.eventName(event)}`;
  return h("p", { className: "last", data: { class: kind }, textContent: text });
}

function nodeText(node) {
  if (!node) return "node unknown";
  if (node.status !== "online") return `node in ${node.region} is silent`;
  return `${node.region}, level L${node.level}`;
}
