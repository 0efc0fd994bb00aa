// What a reviewer does about an incident: claim, comment, confirm, dismiss, decide an appeal, open again.
// Two keys give a verdict: one says which, the other sends it. While a verdict's form is open the incident is claimed.

import { $, h, say, whileBusy } from "./dom.js";
import { possibleActs } from "./incident.js";
import { REASONS } from "./words.js";

const FORMS = {
  confirm: { title: "Confirm", help: "Two people confirm before it counts.", send: "Confirm", optional: true },
  dismiss: { title: "Dismiss, because …", help: "Keys 1 to 5 choose. One dismissal is enough.", send: "Dismiss", optional: true },
  comment: { title: "Comment", help: "Stands in the incident's history; decides nothing.", send: "Comment" },
  reopen: { title: "Open again", help: "Something came to it since its verdict.", send: "Open again" },
  uphold: { title: "Appeal: the verdict stands", help: "The candidate is told in plain words.", send: "Let it stand" },
  overturn: { title: "Appeal: take the verdict back", help: "The candidate is told in plain words.", send: "Take it back" },
};
const KEYS = { confirm: "y", dismiss: "n", comment: "m", reopen: "o", uphold: "u", overturn: "b" };
const NAMES = { confirm: "Confirm", dismiss: "Dismiss", comment: "Comment", reopen: "Open again",
  uphold: "Let the verdict stand", overturn: "Take the verdict back" };
const DONE = { dismiss: "Dismissed:", uphold: "The verdict stands:", overturn: "The verdict was taken back:" };

/**
 * The forms of one queue. `decided(incident, sentence)` hears of a verdict, `changed(incident)` of anything else.
 */
export function verdicts(app, { decided, changed }) {
  const confirmed = new Set();
  let detail = null;
  let form = null;
  let reason = "";
  let claiming = Promise.resolve(null);

  function about(next) {
    detail = next;
    const incident = detail.incident;
    const acts = app.mayAct() ? possibleActs(detail, app.me()) : [];
    $("incident-acts").replaceChildren(...acts.map((act) =>
      act === "claim" ? claimButton(incident) : button(act, () => open(act))));
  }

  /** There is no incident to act on. */
  function none() {
    close();
    detail = null;
    $("incident-acts").replaceChildren();
  }

  function button(act, onclick, name = NAMES[act], key = KEYS[act]) {
    const made = h("button", { type: "button", onclick }, `${name} `, h("kbd", { textContent: key, ariaHidden: "true" }));
    made.dataset.act = act;
    return made;
  }

  function claimButton(incident) {
    const mine = isMine(incident);
    return button("claim", toggleClaim, mine ? "Give back" : "Claim", "c");
  }

  function isMine({ claimed_by: by, claim_expires_at: until }) {
    return by === app.me() && Date.parse(until) > Date.now();
  }

  async function toggleClaim() {
    if (!offered("claim")) return;
    const act = isMine(detail.incident) ? "release" : "claim";
    try {
      changed(await post(act));
      say(act === "claim" ? "Claimed for 15 minutes." : "Given back to the queue.");
    } catch (problem) {
      $("incident-error").textContent = problem.message;
    }
  }

  function offered(act) {
    return detail !== null && $("incident-acts").querySelector(`[data-act="${act}"]`) !== null;
  }

  function post(act, body = {}, id = detail.incident.incident_id) {
    return app.api.post(`incidents/${id}/${act}`, body, { once: !["claim", "release"].includes(act) });
  }

  function open(act) {
    if (!offered(act)) return;
    close();
    [form, reason] = [act, ""];
    const { title, help, send } = FORMS[act];
    $("verdict-title").textContent = title;
    $("verdict-help").textContent = help;
    $("verdict-send").textContent = send;
    $("verdict-text").value = "";
    $("verdict-label").textContent = FORMS[act].optional ? "Words for the record (optional)" : "Words for the record";
    $("verdict-error").textContent = "";
    $("verdict-reasons").hidden = act !== "dismiss";
    $("verdict-reasons").replaceChildren(...(act === "dismiss" ? REASONS.map(reasonButton) : []));
    $("verdict").hidden = false;
    $("verdict-send").hidden = act === "dismiss";
    ($("verdict-reasons").querySelector("button") ?? $("verdict-text")).focus();
    if (act !== "comment" && act !== "reopen" && !isMine(detail.incident)) claiming = claim();
  }

  /** Others see who looks at it. Resolves with the incident's id where it is held for this form alone. */
  async function claim() {
    const id = detail.incident.incident_id;
    try {
      await post("claim");
      return id;
    } catch (problem) {
      if (form && detail?.incident.incident_id === id) $("verdict-error").textContent = problem.message;
      return null;
    }
  }

  /** A form that is left without a verdict leaves no claim behind; if that fails, it is over in 15 minutes. */
  async function giveBack(held) {
    const id = await held;
    if (id) await post("release", {}, id).catch(() => {});
  }

  function reasonButton([name, title, text], n) {
    return h("button", { type: "button", onclick: () => because(n), data: { reason: name } },
      h("kbd", { textContent: n + 1, ariaHidden: "true" }), h("strong", { textContent: title }),
      h("span", { className: "quiet", textContent: text }));
  }

  /** One key dismisses with a reason; the last reason needs words, which Enter then sends. */
  function because(n) {
    if (form !== "dismiss") return;
    reason = REASONS[n][0];
    if (reason !== "other" || $("verdict-text").value.trim()) return send();
    $("verdict-send").hidden = false;
    $("verdict-label").textContent = "Words for the record";
    $("verdict-text").focus();
  }

  function close() {
    form = null;
    $("verdict").hidden = true;
    giveBack(claiming);
    claiming = Promise.resolve(null);
  }

  function send() {
    return whileBusy($("verdict-send"), async () => {
      const text = $("verdict-text").value.trim();
      const act = form;
      if (act === "dismiss" && !reason) {
        $("verdict-error").textContent = "Choose a reason.";
        return $("verdict-reasons").querySelector("button").focus();
      }
      if (!text && (!FORMS[act].optional || reason === "other")) {
        $("verdict-error").textContent = "Say it in words; it stands in the record.";
        return $("verdict-text").focus();
      }
      await claiming;
      try {
        const incident = await (act === "uphold" || act === "overturn"
          ? post("appeal/decide", { decision: act, text })
          : post(act, act === "dismiss" ? { reason, text } : { text }));
        finished(act, incident);
      } catch (problem) {
        $("verdict-error").textContent = problem.message;
      }
    });
  }

  function finished(act, incident) {
    claiming = Promise.resolve(null); // a verdict ends the claim
    close();
    if (act === "comment" || act === "reopen") {
      say(act === "comment" ? "Comment recorded." : "Opened again.");
      $("incident-title").focus();
      return changed(incident);
    }
    if (act === "confirm") confirmed.add(incident.incident_id);
    const half = incident.state === "seconding" ? "Confirmed; it waits for a second person:" : "Confirmed:";
    return decided(incident, DONE[act] ?? half);
  }

  $("verdict-form").onsubmit = (event) => {
    event.preventDefault();
    send();
  };
  $("verdict-text").onkeydown = (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  };
  $("verdict").onkeydown = (event) => {
    if (event.key === "Escape") {
      close();
      $("incident-title").focus();
    }
  };
  $("verdict-cancel").onclick = () => {
    close();
    $("incident-title").focus();
  };

  return {
    about,
    none,
    confirmed,
    busy: () => form !== null,
    keys: [
      { key: "c", text: "Claim it, or give it back", run: toggleClaim },
      ...Object.entries(KEYS).map(([act, key]) => ({ key, text: NAMES[act], run: () => open(act) })),
      ...REASONS.map(([, title], n) => ({ key: String(n + 1), text: `While dismissing: ${title}`, run: () => because(n) })),
    ],
  };
}
