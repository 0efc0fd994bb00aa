// The fleet's nodes: where each stands, why, what to do, and its last hour; operators act on them.

import { $, drawList, h } from "./dom.js";
import { keepFresh } from "./fresh.js";
import { actsOn, askNode } from "./nodeacts.js";
import { sparkline } from "./sparkline.js";
import * as words from "./words.js";

const EVERY_S = 5;
const HOUR_MS = 3_600_000;
const GIB = 2 ** 30;

const CHARTS = [
  { name: "sessions", title: "Sessions", text: (value) => `${value}` },
  { name: "lag_p95_s", title: "Lag p95", text: (value) => `${Math.round(value * 1000)} ms` },
  { name: "level", title: "Level", text: (value) => `L${value}` },
  { name: "cpu", title: "CPU", text: (value) => `${Math.round(value * 100)} %` },
  { name: "outbox", title: "Outbox", text: (value) => `${value}` },
];

export class Nodes {
  section = "nodes";
  keys = [];
  #app;
  #fresh = null;

  constructor(app) {
    this.#app = app;
  }

  enter() {
    const onState = (state) => this.#app.tell(state, $("nodes-state"));
    this.#fresh = keepFresh((signal) => this.#load(signal), { every_s: EVERY_S, onState });
  }

  leave() {
    this.#fresh.stop();
  }

  /** What an operator may do with a node. */
  #buttons(node) {
    if (this.#app.bearer.role !== "operator" || node.acts.length === 0) return [];
    const ask = (act) => askNode(this.#app, act, node, () => this.#fresh.now());
    return [h("div", { className: "choices" }, ...node.acts.map(({ act, title }) =>
      h("button", { type: "button", className: "plain", textContent: title, ariaLabel: `${title} ${node.title}`,
        data: { act }, onclick: () => ask(act) })))];
  }

  async #load(signal) {
    const [nodes, history] = await Promise.all([this.#app.api.get("nodes"), this.#app.api.get("nodes/history")]);
    if (signal.aborted) return;
    const hours = new Map(history.nodes.map((hour) => [hour.node_id, hour]));
    const minute_ms = Math.floor(Date.now() / 60_000) * 60_000;
    const shown = nodes.map((node) => ({ ...cardOf(node), hour: hours.get(node.node_id) ?? null, minute_ms }));
    drawList($("nodes-list"), shown, ({ id }) => id, (node, item) => [...card(node, item), ...this.#buttons(node)]);
    $("nodes-empty").hidden = nodes.length > 0;
    $("nodes-since").textContent = sinceText(history.since);
  }
}

function sinceText(since) {
  if (!since) return "No heartbeat has come since the coordinator started.";
  const whole = Date.now() - Date.parse(since) >= HOUR_MS;
  return whole ? "Charts: the last hour." : `Charts: since ${words.minute(since)}, when the coordinator started.`;
}

/** The values that a card shows, and no others. */
function cardOf(node) {
  return {
    id: node.node_id,
    title: node.name ?? node.region,
    region: node.region,
    state: node.state,
    why: node.why,
    said: node.placement_reason,
    facts: factsOf(node),
    acts: actsOn(node),
  };
}

/** What is known of a node, as names and texts; what is unknown is left out. */
function factsOf({ measures, left, ...node }) {
  const ends = measures?.certificate_ends_at;
  return [
    ["Sessions", node.rating === null ? `${node.sessions}` : `${node.sessions} of ${node.rating}`],
    ["Left", left && `${left.running} in their exam, ${left.waiting} before it`],
    ["Empty by", left?.until && words.minute(left.until)],
    ["Deadline", node.drain_deadline_at && words.minute(node.drain_deadline_at)],
    ["Health", node.health === null ? null : `${node.health} of 10`],
    ["Program", measures?.product],
    ["Disk free", measures?.disk_free_bytes == null ? null : `${(measures.disk_free_bytes / GIB).toFixed(1)} GiB`],
    ["Clock", node.clock_skew_s === null ? null : `${node.clock_skew_s} s ahead`],
    ["Certificate until", ends && `${words.day(ends)}, ${words.minute(ends)}`],
  ].filter(([, text]) => text);
}

function card(node, item) {
  item.dataset.state = node.state;
  return [
    h("h2", { textContent: node.title }),
    h("p", { className: "quiet", textContent: `${node.region} · ${node.id}` }),
    h("p", { className: "standing", textContent: node.state }),
    node.said && h("p", { className: "quiet", textContent: `Said: ${node.said}` }),
    node.why.length > 0 && h("ul", { className: "why", ariaLabel: "Why" }, ...node.why.map(reason)),
    h("dl", { className: "origin" },
      ...node.facts.flatMap(([name, text]) => [h("dt", { textContent: name }), h("dd", { textContent: text })])),
    node.hour && h("ul", { className: "hours", ariaLabel: "The last hour" }, ...chartsOf(node.hour, node.minute_ms)),
  ].filter(Boolean);
}

function reason({ text, fix }) {
  return h("li", {}, h("span", { textContent: text }), fix && h("span", { className: "quiet", textContent: ` ${fix}` }));
}

/** A chart per kind of value; administrators of an institution are not told some. */
function chartsOf(hour, minute_ms) {
  return CHARTS.filter(({ name }) => hour[name] !== null).map(({ name, title, text }) => {
    const points = hour.at.map((at, n) => [Date.parse(at), hour[name][n]]).filter(([, value]) => value !== null);
    const last = points.at(-1);
    const now = last ? text(last[1]) : "unknown";
    const label = last ? `${title} in the last hour: ${spanText(points, text)}, at last ${now}` : `${title}: unknown`;
    return h("li", {},
      h("span", { className: "quiet", textContent: title }), h("strong", { textContent: now }),
      sparkline(points, { from_ms: minute_ms - HOUR_MS, to_ms: minute_ms, label }));
  });
}

function spanText(points, text) {
  const values = points.map(([, value]) => value);
  const [low, high] = [text(Math.min(...values)), text(Math.max(...values))];
  return low === high ? `always ${low}` : `${low} to ${high}`;
}
