// The proctor console: the signed-in person, the shown view, and whether it is up to date.

import { Api, messageOf } from "./api.js";
import { $, say, whileBusy } from "./dom.js";
import { Faces } from "./faces.js";
import * as keys from "./keys.js";
import { Nodes } from "./nodes.js";
import { Queue } from "./queue.js";
import { SessionView } from "./session.js";
import { Wall } from "./wall.js";
import { clock } from "./words.js";

const WARN_BEFORE_MS = 5 * 60_000;
const ROLES = { proctor: "Proctor", admin: "Administrator", system: "Service", operator: "Operator" };

const app = {
  api: null,
  bearer: null,
  me: () => app.bearer.subject,
  mayAct: () => ["proctor", "admin"].includes(app.bearer.role),
  isAdmin: () => app.bearer.role === "admin",
  tell,
};
let views = {};
let current = null;
let warning = 0;

/** Shows how fresh the view is: in the header, and in `place` while there is nothing else to show. */
function tell({ name, at_ms, retry_s, reason }, place) {
  const again = retry_s === null ? "" : ` Next try in ${Math.ceil(retry_s)} s.`;
  const texts = {
    loading: "Loading …",
    fresh: `Up to date at ${at_ms ? clock(at_ms) : ""}`,
    stale: `${reason} You see the state of ${at_ms ? clock(at_ms) : ""}.${again}`,
    failed: `${reason}${again}`,
  };
  if ($("connection").dataset.state !== name && name === "stale") say(reason);
  $("connection").textContent = texts[name];
  $("connection").dataset.state = name;
  place.textContent = name === "loading" || name === "failed" ? texts[name] : "";
}

/** `#/wall`, `#/session/ID`, `#/review`, `#/review/ID`, `#/faces` or `#/nodes`: shown without loading a page. */
function route() {
  if (!app.api || location.hash === "#content") return;
  const [, name = "", ref = ""] = location.hash.split("/");
  const view = views[name];
  if (!view) return location.replace(`#/${Object.keys(views)[0]}`);
  current?.leave();
  current = view;
  show(view.section);
  keys.bind([...view.keys, ["Everywhere", everywhere.filter(({ view: to }) => !to || to in views)]]);
  view.enter(decodeURIComponent(ref));
}

const everywhere = [
  { key: "w", text: "Sessions", view: "wall", run: () => (location.hash = "#/wall") },
  { key: "q", text: "Review queue", view: "review", run: () => (location.hash = "#/review") },
  { key: "n", text: "Nodes", view: "nodes", run: () => (location.hash = "#/nodes") },
  { key: "?", text: "This list", run: () => keys.showHelp() },
];

/** Shows one section and moves the focus to its heading, where a screen reader continues. */
function show(id) {
  for (const section of document.querySelectorAll("main > section")) section.hidden = section.id !== id;
  for (const link of document.querySelectorAll("nav a")) {
    link.ariaCurrent = link.dataset.section === id ? "page" : null;
  }
  const heading = $(id).querySelector("h1");
  document.title = `${heading.textContent} · Proctor console`;
  heading.focus();
}

async function signIn(event) {
  event.preventDefault();
  const token = $("token").value.trim();
  if (!token) return refuse("Paste your token first.");
  await whileBusy($("signin-send"), async () => {
    try {
      const bearer = await new Api(token).bearer();
      if (bearer.role in ROLES) begin(token, bearer);
      else refuse("This console is for proctors and administrators, and for operators; your token is for another role.");
    } catch (problem) {
      refuse(messageOf(problem));
    }
  });
}

function begin(token, bearer) {
  app.bearer = bearer;
  const api = new Api(token, (problem) => {
    // A late answer for the former person must not sign out the next one.
    if (app.api === api) signOut(`${sentence(problem.message)} After signing in you return to this place.`);
  });
  app.api = api;
  // The next person must not see anything of the former one.
  views = viewsOf(bearer.role);
  for (const link of document.querySelectorAll("nav a")) link.hidden = !(link.hash.slice(2) in views);
  $("token").value = "";
  $("who").textContent = `${bearer.subject} · ${ROLES[bearer.role]}`;
  $("signed-in").hidden = false;
  if (bearer.expires_at) {
    const left_ms = Math.min(Date.parse(bearer.expires_at) - Date.now() - WARN_BEFORE_MS, 2 ** 31 - 1);
    warning = setTimeout(() => say("Your token expires within five minutes. Get a new one in time."), left_ms);
  }
  route();
}

/** What a role may look at, the view that it begins with first. Operators see nothing of candidates. */
function viewsOf(role) {
  if (role === "operator") return { nodes: new Nodes(app) };
  const found = { wall: new Wall(app), session: new SessionView(app), review: new Queue(app) };
  return role === "admin" ? { ...found, faces: new Faces(app), nodes: new Nodes(app) } : found;
}

/** Forgets the token. The place stays in the address, which contains nothing secret. */
function signOut(text) {
  if (!app.api) return;
  clearTimeout(warning);
  current?.leave();
  [app.api, app.bearer, current] = [null, null, null];
  keys.bind([]);
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  for (const shown of document.querySelectorAll("main ol, main ul, main svg")) shown.replaceChildren();
  $("incident").hidden = true;
  $("signed-in").hidden = true;
  $("connection").textContent = "";
  show("signin");
  refuse(text);
}

function refuse(text) {
  $("signin-error").textContent = text;
  $("token").focus();
}

function sentence(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

$("signin-form").addEventListener("submit", signIn);
$("sign-out").addEventListener("click", () => signOut("You have signed out."));
$("picture-close").addEventListener("click", () => $("picture").close());
$("skip").addEventListener("click", (event) => {
  event.preventDefault();
  $("content").focus();
});
addEventListener("hashchange", route);
keys.start();
show("signin");
