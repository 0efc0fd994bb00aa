// The texts of the console. Names of events and classes come from the coordinator (`vocabulary.js`).

import { EVENTS } from "./vocabulary.js";

export const STATES = {
  open: "Waiting for review",
  seconding: "Waiting for a second person",
  confirmed: "Confirmed by two people",
  dismissed: "Dismissed",
  appealed: "Appealed: waiting for a third person",
  upheld: "Appeal decided: verdict upheld",
  overturned: "Appeal decided: verdict reversed",
  merged: "Part of another incident",
};

export const REASONS = [
  ["false-detection", "False detection", "The reported event did not happen."],
  ["allowed", "Allowed", "The exam's rules or an accommodation allow it."],
  ["harmless", "Harmless", "It happened, but has no meaning."],
  ["technical", "Technical problem", "Camera, light, network or program."],
  ["other", "Another reason", "Describe it in the text."],
];

export const ACTS = {
  claim: "claimed it",
  release: "released it",
  comment: "commented",
  confirm: "confirmed",
  dismiss: "dismissed",
  reopen: "reopened it",
  undo: "undid the verdict",
  appeal: "appealed",
  uphold: "upheld the verdict",
  overturn: "reversed the verdict",
};

const STANDINGS = { active: "Running", ended: "Ended", expired: "Time over" };

/** The state of a running session's page (`PageOut`); empty for a session that is over. */
export function pageText({ state, since, text }) {
  if (state === "over") return "";
  return since && state !== "waiting" ? `${text} since ${clock(since)}` : text;
}

/** How long nobody watched, by kind of look; empty while it is unknown. */
export function unwatchedText(seconds, share) {
  const parts = Object.entries(seconds ?? {}).filter(([, each]) => each >= 0.05);
  if (!seconds || !parts.length) return "";
  const of = share === null || share === undefined ? "" : ` (${Math.round(100 * share)} % of the time)`;
  return `Not watched: ${parts.map(([kind, each]) => `${kind} ${duration(each)}`).join(", ")}${of}`;
}

const PURPOSES = {
  "camera-monitoring": "camera",
  "identity-verification": "face comparison",
  "speech-detection": "microphone",
};

/** Where a session stands, as `SessionOut` says it. */
export function standing({ status, paused_at: paused, withdrawn = [], not_acknowledged: open = [] }) {
  if (status !== "active") return STANDINGS[status];
  const said = [paused ? `Paused since ${minute(paused)}` : STANDINGS.active];
  if (withdrawn.length) said.push(`withdrawn: ${withdrawn.map(purposeName).join(", ")}`);
  if (open.length) said.push(`not acknowledged yet: ${open.map(purposeName).join(", ")}`);
  return said.join("; ");
}

function purposeName(purpose) {
  return PURPOSES[purpose] ?? purpose.replaceAll("-", " ");
}

export function eventName(event) {
  return EVENTS[event]?.name ?? event.toLowerCase().replaceAll("_", " ");
}

export function eventClass(event) {
  return EVENTS[event]?.class ?? "conduct";
}

export function reasonName(reason) {
  return REASONS.find(([name]) => name === reason)?.[1] ?? reason;
}

/** 0.7 as "0.70": all severities have the same number of digits, for comparison. */
export function severityText(value) {
  return value.toFixed(2);
}

export function clock(instant) {
  return new Date(instant).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

export function minute(instant) {
  return new Date(instant).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

export function day(instant) {
  return new Date(instant).toLocaleDateString([], { year: "numeric", month: "short", day: "numeric" });
}

/** The seconds in which nobody watched, by kind of look; null if no node has reported them. */
export function unwatched(seconds) {
  if (!seconds) return "Unknown";
  return Object.entries(seconds).map(([kind, each]) => `${kind} ${duration(each)}`).join(", ") || "None";
}

export function duration(seconds) {
  const whole = Math.round(seconds);
  if (whole < 60) return `${seconds < 10 ? seconds.toFixed(1) : whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function counted(count, one, many = `${one}s`) {
  return `${count} ${count === 1 ? one : many}`;
}

const MOST_IN_A_ROW = 8;
const UNITS = { deg: "°", s: " s", seconds: " s", px: " px", hz: " Hz", ms: " ms" };

/** `mean_yaw_deg` and 12.34567 as "Mean yaw" and "12.346°". */
export function figure(name, value) {
  const parts = name.split("_");
  const unit = UNITS[parts.at(-1)] ?? "";
  const words = (unit ? parts.slice(0, -1) : parts).join(" ");
  return { label: words.charAt(0).toUpperCase() + words.slice(1), text: valueText(value, unit) };
}

function valueText(value, unit) {
  if (value === null) return "unknown";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return `${Number(value.toFixed(3))}${unit}`;
  if (Array.isArray(value)) return listText(value.map((one) => valueText(one, unit)));
  return typeof value === "object" ? JSON.stringify(value) : `${value}${unit}`;
}

function listText(texts) {
  const more = texts.length - MOST_IN_A_ROW;
  return more > 0 ? `${texts.slice(0, MOST_IN_A_ROW).join(", ")} and ${more} more` : texts.join(", ");
}

// Bounds that are not named after their value.
const OWN_BOUNDS = { current_similarity: "threshold", duration_seconds: "hold_seconds" };

/** Rows of an evidence table: each value beside its bound, if it has one. */
export function figures(evidence) {
  const own = Object.entries(OWN_BOUNDS).filter(([name, bound]) => name in evidence && bound in evidence);
  const bounds = new Map([...Object.keys(evidence).map((name) => [name, `${name}_bound`]), ...own]);
  const shown = new Set(bounds.values());
  return Object.entries(evidence)
    .filter(([name]) => !shown.has(name))
    .map(([name, value]) => {
      const bound = evidence[bounds.get(name)];
      return { ...figure(name, value), bound: bound === undefined ? "" : figure(name, bound).text };
    });
}
