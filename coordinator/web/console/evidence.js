// An alert's evidence for people: sentence, values with their bounds, picture, and conditions.

import { ADVICE, CLASSES } from "./vocabulary.js";
import { $, h } from "./dom.js";
import * as words from "./words.js";

const PICTURE = /^data:image\/jpeg;base64,[A-Za-z0-9+/=]+$/;

/** A severity as a bar and a number; the number is read aloud. */
export function severity(value) {
  const bar = h("meter", { min: 0, max: 1, value, low: 0.4, high: 0.7, optimum: 0, ariaHidden: "true" });
  return h("span", { className: "severity" }, bar, h("span", { textContent: `Severity ${words.severityText(value)}` }));
}

/** The children of one alert's list item. With `pictures`, its picture is shown at once, otherwise on request. */
export function alertItem(alert, { pictures = false } = {}) {
  const observed = alert.event_class === "conduct" || alert.event_class === "identity";
  const title = h("h3", {}, h("time", { dateTime: alert.onset, textContent: words.clock(alert.onset) }), " ",
    words.eventName(alert.event_type));
  const facts = h("p", { className: "facts" },
    h("span", { className: "kind", data: { class: alert.event_class }, textContent: CLASSES[alert.event_class] }),
    observed ? severity(alert.severity_score) : null,
    alert.duration ? h("span", { textContent: `for ${words.duration(alert.duration)}` }) : null,
    alert.cleared || !observed ? null : h("span", { className: "lasting", textContent: "still lasts" }));
  return [title, facts, h("p", { textContent: alert.explanation }), spoken(alert), picture(alert, pictures), why(alert)]
    .filter(Boolean);
}

function spoken({ event_class: kind, message, evidence }) {
  if (kind !== "proctor") return null;
  const reason = evidence.reason ? ` Reason: ${evidence.reason}` : "";
  return h("p", { className: "quiet", textContent: `By ${evidence.by}. “${message}”${reason}` });
}

function picture(alert, atOnce) {
  if (!PICTURE.test(alert.evidence_thumbnail ?? "")) return null;
  const name = `Picture at the onset of “${words.eventName(alert.event_type)}”, ${words.clock(alert.onset)}`;
  const open = () => showPicture(alert.evidence_thumbnail, name);
  if (!atOnce) {
    return h("button", { type: "button", className: "small", textContent: "Show the picture", onclick: open });
  }
  const image = h("img", { src: alert.evidence_thumbnail, alt: name });
  return h("button", { type: "button", className: "picture", ariaLabel: `Enlarge: ${name}`, onclick: open }, image);
}

export function showPicture(source, name) {
  $("picture-image").src = source;
  $("picture-image").alt = name;
  $("picture-title").textContent = name;
  $("picture").showModal();
}

function why(alert) {
  const rows = words.figures(alert.evidence);
  if (alert.event_class === "milestone" || alert.event_class === "proctor") return null;
  const summary = h("summary", { textContent: "Evidence" });
  return h("details", {}, summary, rows.length ? table(rows) : null, origin(alert));
}

function table(rows) {
  const head = h("tr", {}, ...["Seen", "Value", "Bound"].map((name) => h("th", { scope: "col", textContent: name })));
  const body = rows.map(({ label, text, bound }) =>
    h("tr", {}, h("th", { scope: "row", textContent: label }), h("td", { textContent: text }),
      h("td", { textContent: bound || "–" })));
  return h("table", {}, h("thead", {}, head), h("tbody", {}, ...body));
}

function origin({ metadata, confidence, action_required: advice }) {
  const models = Object.values(metadata.models ?? {}).join(", ") || "none";
  const facts = [
    ["Advice", ADVICE[advice]],
    ["Confidence", confidence.toFixed(2)],
    ["Networks", models],
    ["Node", `${metadata.region}, ${metadata.device}, level L${metadata.degradation_level}`],
    ["Policy version", String(metadata.policy_version)],
  ];
  return h("dl", { className: "origin" }, ...facts.flatMap(([name, value]) =>
    [h("dt", { textContent: name }), h("dd", { textContent: value })]));
}
