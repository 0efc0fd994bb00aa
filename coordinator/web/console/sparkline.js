// A small chart of one value a minute. Its label says the same in words.

import { svg } from "./dom.js";

const WIDTH = 120;
const HEIGHT = 28;
const EDGE = 2;
const JOINED_MS = 90_000;

/** `points`: `[milliseconds, value]`, oldest first; a line breaks where a minute is missing. */
export function sparkline(points, { from_ms, to_ms, label }) {
  const most = Math.max(1e-9, ...points.map(([, value]) => value));
  const x = (at_ms) => EDGE + ((at_ms - from_ms) / (to_ms - from_ms)) * (WIDTH - 2 * EDGE);
  const y = (value) => HEIGHT - EDGE - (value / most) * (HEIGHT - 2 * EDGE);
  const place = ([at_ms, value]) => `${x(at_ms).toFixed(1)} ${y(value).toFixed(1)}`;
  const moves = points.map((point, n) => {
    const joined = n > 0 && point[0] - points[n - 1][0] <= JOINED_MS;
    return joined ? `L ${place(point)}` : `M ${place(point)} h 0.1`;
  });
  return svg("svg", { class: "sparkline", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label },
    svg("line", { x1: 0, x2: WIDTH, y1: HEIGHT - EDGE, y2: HEIGHT - EDGE }),
    svg("path", { d: moves.join(" ") }));
}
