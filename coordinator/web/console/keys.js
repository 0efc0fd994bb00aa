// Single keys: what they do, when they apply, and their list behind `?`.

import { $, h } from "./dom.js";

let enabled = true;
let groups = [];

/** Sets the keys: `[["Title", [{ key, text, run }]]]`. */
export function bind(next) {
  groups = next;
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.closest("input:not([type=checkbox]), textarea, select")) return;
  if (!enabled && event.key.length === 1) return;
  const all = groups.flatMap(([, keys]) => keys);
  const found = all.find(({ key }) => key === event.key || key === event.key.toLowerCase());
  if (!found) return;
  event.preventDefault();
  found.run();
}

export function showHelp() {
  const lists = groups.flatMap(([title, keys]) => [
    h("h3", { textContent: title }),
    h("dl", { className: "keys" }, ...keys.flatMap(({ key, shown, text }) => [
      h("dt", {}, h("kbd", { textContent: shown ?? key })),
      h("dd", { textContent: text }),
    ])),
  ]);
  $("help-keys").replaceChildren(...lists);
  $("help").showModal();
}

/** Starts listening to the keyboard. */
export function start() {
  document.addEventListener("keydown", pressed);
  $("help-close").onclick = () => $("help").close();
  $("keys-on").onchange = () => (enabled = $("keys-on").checked);
  $("show-help").onclick = showHelp;
}
