// A reviewer's acts on an incident: claim, comment, confirm, dismiss, decide an appeal, reopen.
// Two keys give a verdict: one chooses it, the other sends it. While its form is open the incident is claimed.

import { messageOf } from "./api.js";
import { $, h, say, whileBusy } from "./dom.js";
import { finding, possibleActs, standingActs } from "./incident.js";
import { REASONS } from "./words.js";

const FORMS = {
  confirm: { title: "Confirm", help: "It counts when two people have confirmed.", send: "Confirm", optional: true },
  dismiss: { title: "Dismiss, because …", help: "Keys 1 to 5 choose. One dismissal is enough.", send: "Dismiss",
    optional: true },
  comment: { title: "Comment", help: "Is added to the incident's history; decides nothing.", send: "Comment" },
  reopen: { title: "Reopen", send: "Reopen",
    help: "If the candidate was told the verdict, it is now told that it no longer counts. The reason is kept." },
  uphold: { title: "Appeal: uphold the verdict", help: "The candidate is told in plain words.", send: "Uphold" },
  overturn: { title: "Appeal: reverse the verdict", help: "The candidate is told in plain words.",
    send: "Reverse" },
};
const KEYS = { confirm: "y", dismiss: "n", comment: "m", reopen: "o", uphold: "u", overturn: "b" };
const NAMES = { confirm: "Confirm", dismiss: "Dismiss", comment: "Comment", reopen: "Reopen",
  uphold: "Uphold the verdict", overturn: "Reverse the verdict" };
const DONE = { dismiss: "Dismissed:", uphold: "The verdict was upheld:", overturn: "The verdict was reversed:" };
const WORDS = "Comment for the record";

/** The forms for one incident at a time. */
export class Verdicts {
  #app;
  #decided;
  #changed;
  #detail = null;
  #form = null;
  #reason = "";
  #claiming = Promise.resolve(null);
  #givenBack = Promise.resolve();

  /** Incidents that this person confirmed since signing in. */
  confirmed = new Set();

  /** `decided(incident, sentence)` is called after a verdict, `changed(incident)` after any other act. */
  constructor(app, { decided, changed }) {
    this.#app = app;
    this.#decided = decided;
    this.#changed = changed;
    $("verdict-form").onsubmit = (event) => {
      event.preventDefault();
      this.#send();
    };
    $("verdict-text").onkeydown = (event) => this.#typed(event);
    $("verdict").onkeydown = ({ key }) => {
      if (key === "Escape") this.#leave(); // a handler that returns false would keep every other key from working
    };
    $("verdict-cancel").onclick = () => this.#leave();
  }

  get keys() {
    return [
      { key: "c", text: "Claim or release it", run: () => this.#toggleClaim() },
      ...Object.entries(KEYS).map(([act, key]) => ({ key, text: NAMES[act], run: () => this.#open(act) })),
      ...REASONS.map(([, title], n) =>
        ({ key: String(n + 1), text: `While dismissing: ${title}`, run: () => this.#because(n) })),
    ];
  }

  /** Whether a form of the incident is open. */
  get busy() {
    return this.#form !== null;
  }

  /** Use the forms for this incident (`IncidentDetail`). */
  about(detail) {
    this.#detail = detail;
    const acts = this.#app.mayAct() ? possibleActs(detail, this.#app.me(), this.#app.isAdmin()) : [];
    $("incident-acts").replaceChildren(...acts.map((act) => this.#button(act)));
  }

  /** Clear the forms: there is no incident to act on. */
  none() {
    this.#close();
    this.#detail = null;
    $("incident-acts").replaceChildren();
  }

  #button(act) {
    const claim = act === "claim";
    const name = claim ? (this.#isMine() ? "Release" : "Claim") : NAMES[act];
    const onclick = () => (claim ? this.#toggleClaim() : this.#open(act));
    const key = h("kbd", { textContent: claim ? "c" : KEYS[act], ariaHidden: "true" });
    return h("button", { type: "button", onclick, data: { act } }, `${name} `, key);
  }

  #isMine() {
    const { claimed_by: by, claim_expires_at: until } = this.#detail.incident;
    return by === this.#app.me() && Date.parse(until) > Date.now();
  }

  async #toggleClaim() {
    if (!this.#offered("claim")) return;
    const act = this.#isMine() ? "release" : "claim";
    try {
      this.#changed(await this.#post(act));
      say(act === "claim" ? "Claimed for 15 minutes." : "Released to the queue.");
    } catch (problem) {
      $("incident-error").textContent = messageOf(problem);
    }
  }

  #offered(act) {
    return this.#detail !== null && $("incident-acts").querySelector(`[data-act="${act}"]`) !== null;
  }

  #post(act, body = {}, id = this.#detail.incident.incident_id) {
    return this.#app.api.post(`incidents/${id}/${act}`, body, { once: !["claim", "release"].includes(act) });
  }

  #open(act) {
    if (!this.#offered(act)) return;
    this.#close();
    [this.#form, this.#reason] = [act, ""];
    drawForm(act, this.#detail, (n) => this.#because(n));
    if (act !== "comment" && act !== "reopen" && !this.#isMine()) this.#claiming = this.#claim();
  }

  /** Others see who looks at it. Resolves with the incident's id if it was claimed only for this form. */
  async #claim() {
    const id = this.#detail.incident.incident_id;
    await this.#givenBack; // a late release by the last form would end this form's claim
    try {
      await this.#post("claim", {}, id);
      return id;
    } catch (problem) {
      if (this.#form && this.#isAbout(id)) $("verdict-error").textContent = messageOf(problem);
      return null;
    }
  }

  /** A form closed without a verdict releases its claim; if that fails, the claim ends after 15 minutes. */
  async #giveBack(held) {
    const { api } = this.#app; // also if the page is signed out meanwhile
    const id = await held;
    if (id) await api.post(`incidents/${id}/release`).catch(() => {});
  }

  /** One key dismisses with a reason; the last reason needs a text, which Enter then sends. */
  #because(n) {
    if (this.#form !== "dismiss") return;
    this.#reason = REASONS[n][0];
    if (this.#reason !== "other" || $("verdict-text").value.trim()) return this.#send();
    $("verdict-send").hidden = false;
    $("verdict-label").textContent = WORDS;
    $("verdict-text").focus();
  }

  #typed(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#send();
  }

  #leave() {
    this.#close();
    $("incident-title").focus();
  }

  #close() {
    this.#form = null;
    $("verdict").hidden = true;
    this.#givenBack = Promise.all([this.#givenBack, this.#giveBack(this.#claiming)]);
    this.#claiming = Promise.resolve(null);
  }

  #send() {
    const [act, reason, text] = [this.#form, this.#reason, $("verdict-text").value.trim()];
    const missing = wrong(act, reason, text);
    if (missing) {
      $("verdict-error").textContent = missing;
      if (named()?.length === 0) return boxes()[0].focus();
      return (act === "dismiss" && !reason ? $("verdict-reasons").querySelector("button") : $("verdict-text")).focus();
    }
    return whileBusy($("verdict-send"), () => this.#perform(act, reason, text));
  }

  async #perform(act, reason, text) {
    const shown = this.#detail.incident;
    const id = shown.incident_id;
    await this.#claiming;
    try {
      this.#finished(act, await this.#post(...asked(act, reason, text, shown.alert_count), id));
    } catch (problem) {
      if (problem.code === "incident-grown" && this.#isAbout(id)) await this.#grown(shown, problem);
      else if (this.#isAbout(id)) $("verdict-error").textContent = messageOf(problem);
      else say(messageOf(problem));
    }
  }

  /** A verdict applies to what was shown: the form closes, and the new alerts are shown. */
  async #grown(shown, problem) {
    this.#leave();
    await this.#changed(shown);
    $("incident-error").textContent = messageOf(problem);
  }

  #isAbout(id) {
    return this.#detail?.incident.incident_id === id;
  }

  #finished(act, incident) {
    if (this.#isAbout(incident.incident_id)) {
      this.#claiming = Promise.resolve(null); // the act ends the claim
      this.#close();
    }
    if (act === "comment" || act === "reopen") {
      say(act === "comment" ? "Comment recorded." : "Reopened.");
      $("incident-title").focus();
      return this.#changed(incident);
    }
    if (act === "confirm") this.confirmed.add(incident.incident_id);
    const half = incident.state === "seconding" ? "Confirmed; waiting for a second person:" : "Confirmed:";
    return this.#decided(incident, DONE[act] ?? half);
  }
}

/** The path and the body to post; verdicts include the number of alerts shown. */
function asked(act, reason, text, alert_count) {
  if (act === "uphold" || act === "overturn") return ["appeal/decide", { decision: act, text, alert_count }];
  const findings = named();
  if (act === "dismiss") return [act, { reason, text, alert_count, findings }];
  return [act, act === "confirm" ? { text, alert_count, findings } : { text }];
}

function boxes() {
  return [...$("verdict-findings").querySelectorAll("input")];
}

/** The ids of the chosen findings; null: all. */
function named() {
  const all = boxes();
  const chosen = all.filter(({ checked }) => checked);
  return chosen.length === all.length ? null : chosen.map(({ value }) => value);
}

/** What is still missing, in words; empty if nothing is. */
function wrong(act, reason, text) {
  if (named()?.length === 0) return "Choose at least one finding.";
  if (act === "dismiss" && !reason) return "Choose a reason.";
  if (!text && (!FORMS[act].optional || reason === "other")) return "Write a text; it is kept in the record.";
  return "";
}

/** A check box for each finding, if there are several. A second confirmation starts with the findings of the first. */
function drawFindings(act, { alerts, history, incident }) {
  const several = (act === "confirm" || act === "dismiss") && alerts.length > 1;
  const first = incident.state === "seconding" && act === "confirm"
    ? standingActs(history).findLast((one) => one.act === "confirm")?.findings : null;
  const rows = several ? alerts.map((alert) => h("label", { className: "check" },
    h("input", { type: "checkbox", value: alert.event_id, checked: first?.includes(alert.event_id) ?? true }),
    ` ${finding(alert)}`)) : [];
  $("verdict-findings-list").replaceChildren(...rows);
  $("verdict-findings").hidden = !several;
}

function drawForm(act, detail, because) {
  const { title, help, send, optional } = FORMS[act];
  $("verdict-title").textContent = title;
  $("verdict-help").textContent = help;
  $("verdict-send").textContent = send;
  $("verdict-send").hidden = act === "dismiss";
  $("verdict-text").value = "";
  $("verdict-label").textContent = optional ? `${WORDS} (optional)` : WORDS;
  $("verdict-error").textContent = "";
  const reasons = act === "dismiss" ? REASONS.map((reason, n) => reasonButton(reason, n, because)) : [];
  $("verdict-reasons").hidden = !reasons.length;
  $("verdict-reasons").replaceChildren(...reasons);
  drawFindings(act, detail);
  $("verdict").hidden = false;
  (reasons[0] ?? $("verdict-text")).focus();
}

function reasonButton([name, title, text], n, because) {
  return h("button", { type: "button", onclick: () => because(n), data: { reason: name } },
    h("kbd", { textContent: n + 1, ariaHidden: "true" }), h("strong", { textContent: title }),
    h("span", { className: "quiet", textContent: text }));
}
