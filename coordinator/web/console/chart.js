// A session over time, one lane per class of events. The lists below have the same in words.

import { CLASSES } from "./vocabulary.js";
import { svg } from "./dom.js";
import * as words from "./words.js";

const WIDTH = 1000;
const LANE = 26;
const NAMES = 110;
const NARROWEST = 4;

/** Draws `alerts` between two instants (milliseconds) into an SVG element. */
export function drawChart(chart, alerts, from_ms, to_ms) {
  const lanes = Object.keys(CLASSES);
  const span_ms = Math.max(to_ms - from_ms, 60_000);
  const x = (instant) => NAMES + ((Date.parse(instant) - from_ms) / span_ms) * (WIDTH - NAMES - NARROWEST);
  const height = lanes.length * LANE + 24;
  chart.setAttribute("viewBox", `0 0 ${WIDTH} ${height}`);
  chart.setAttribute("aria-label", summary(alerts));
  chart.replaceChildren(
    ...lanes.flatMap((lane, n) => [
      svg("text", { x: 0, y: n * LANE + 17 }, CLASSES[lane]),
      svg("line", { x1: NAMES, x2: WIDTH, y1: n * LANE + 13, y2: n * LANE + 13 }),
    ]),
    ...alerts.map((alert) => mark(alert, lanes.indexOf(alert.event_class), x, to_ms)),
    ...[0, 0.25, 0.5, 0.75, 1].map((part) => tick(part, from_ms + part * span_ms, height)),
  );
}

function mark(alert, lane, x, to_ms) {
  const left = x(alert.onset);
  const instant = ["milestone", "proctor"].includes(alert.event_class);
  const right = instant ? left : x(alert.cleared ?? new Date(to_ms).toISOString());
  const width = Math.max(NARROWEST, right - left);
  const title = svg("title", {}, `${words.clock(alert.onset)} ${words.eventName(alert.event_type)}`);
  return svg("rect", { x: left, y: lane * LANE + 5, width, height: 16, rx: 2, "data-class": alert.event_class }, title);
}

function tick(part, instant_ms, height) {
  const anchor = part === 0 ? "start" : part === 1 ? "end" : "middle";
  const x = NAMES + part * (WIDTH - NAMES);
  return svg("text", { x, y: height - 4, "text-anchor": anchor, class: "tick" }, words.clock(instant_ms));
}

function summary(alerts) {
  const counts = Object.entries(CLASSES).map(([lane, name]) => {
    const count = alerts.filter((alert) => alert.event_class === lane).length;
    return `${name}: ${count}`;
  });
  return `Events over time. ${counts.join(", ")}. The lists below show each one.`;
}
