// A proctor's acts on a running session: shows a dialog, sends the act, reports the result.

import { messageOf, sessionPath } from "./api.js";
import { $, say, whileBusy } from "./dom.js";

const ACTS = {
  message: { title: "Send a message", send: "Send", label: "Message", help: "Shown to the candidate as written." },
  pause: { title: "Pause the exam", send: "Pause",
    help: "The candidate is told. Until you resume, for up to 4 hours, nothing is judged; the end is moved." },
  resume: { title: "Resume the exam", send: "Resume", help: "The candidate is told that the exam continues." },
  "extra-time": { title: "Give extra time", send: "Give time", help: "The candidate is told how many minutes." },
  flag: { title: "Mark this moment", send: "Mark", help: "For a later review. The candidate is not told." },
  terminate: { title: "End the session", send: "End the session",
    help: "The candidate is told that a proctor has ended it, and cannot come back. This cannot be undone." },
};
const REASON = "Reason, for the record";

/** Asks for the act's details, sends it, and calls `done` when the coordinator has recorded it. */
export function ask(app, act, session, done) {
  const { title, send, help, label = REASON } = ACTS[act];
  const ending = act === "terminate";
  $("act-title").textContent = title;
  $("act-help").textContent = help;
  $("act-label").textContent = label;
  $("act-send").textContent = send;
  $("act-send").classList.toggle("grave", ending);
  $("act-minutes-row").hidden = act !== "extra-time";
  $("act-sure-row").hidden = !ending;
  $("act-sure-text").textContent = `Yes, the session of ${session.candidate_id} in ${session.exam_id}.`;
  $("act-form").reset();
  $("act-error").textContent = "";
  $("act-form").onsubmit = (event) => {
    event.preventDefault();
    whileBusy($("act-send"), () => perform(app, act, session, done));
  };
  $("act-cancel").onclick = () => $("act").close();
  $("act").showModal();
  (act === "extra-time" ? $("act-minutes") : $("act-text")).focus();
}

async function perform(app, act, session, done) {
  const missing = wrong(act);
  if (missing) {
    $("act-error").textContent = missing[1];
    return $(missing[0]).focus();
  }
  try {
    const answer = await app.api.post(sessionPath(session.session_id, `/${act}`), bodyOf(act), { once: true });
    $("act").close();
    say(told(act, answer));
    done();
  } catch (problem) {
    $("act-error").textContent = problem.code === "offline"
      ? `${problem.message} It may have been recorded; you can send it again, it is recorded only once.`
      : messageOf(problem);
  }
}

/** The first incomplete field and what it needs; null if nothing is missing. */
function wrong(act) {
  if (act === "extra-time" && !$("act-minutes").checkValidity()) return ["act-minutes", "Enter 1 to 600 minutes."];
  if (!$("act-text").value.trim()) {
    return ["act-text", act === "message" ? "Write a message." : "Give a reason; it is kept in the record."];
  }
  if (act === "terminate" && !$("act-sure").checked) return ["act-sure", "Confirm whose session it is."];
  return null;
}

function bodyOf(act) {
  const text = $("act-text").value.trim();
  if (act === "message") return { message: text };
  return act === "extra-time" ? { reason: text, minutes: $("act-minutes").valueAsNumber } : { reason: text };
}

function told(act, { told_candidate: heard }) {
  if (act === "flag") return "Recorded. The candidate is not told.";
  return heard
    ? "Recorded, and sent to the candidate's page."
    : "Recorded. The candidate's page was not connected here, so nothing was shown yet.";
}
