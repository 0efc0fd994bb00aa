// The candidate's steps: link, notice, camera and microphone, exam, end.

import { Problem, acknowledge, agree, end, join } from "./api.js";
import { keepConnected } from "./link.js";
import { listen } from "./live.js";
import { describePicture, muteWithdrawn, openDevices, stopDevices, watchLevel } from "./media.js";
import * as view from "./view.js";

const { $ } = view;
const STORE = "proctor.session";
// Close codes of the signaling socket after which retrying is useless: 4401 token, 4403 not ours, 4404 and 4410 over.
const FINAL_CODES = new Set([4401, 4403, 4404, 4410]);
const FAILED_LINK = {
  offline: ["The exam server does not answer", "Check your internet connection and try again."],
  used: ["This link does not work", "A link works once and for a short time. Ask your institution for a new one."],
  missing: ["This page needs your link", "Open the link your institution sent you; it is only for you."],
};

let state = load();
let stream = null;
let stopLevel = () => {};
let link = null;
let stopListening = () => {};
let submitting = false;
let pauseHeard_ms = -Infinity;
// The node's heartbeats lag behind a proctor's word; for so long the word counts.
const WORD_COUNTS_MS = 15_000;

/** Kept for this tab only, so that a reload does not lose the attempt. */
function load() {
  return JSON.parse(sessionStorage.getItem(STORE) ?? "null");
}

function save(next) {
  state = next;
  if (next) sessionStorage.setItem(STORE, JSON.stringify(next));
  else sessionStorage.removeItem(STORE);
}

async function begin() {
  const code = location.hash.slice(1);
  try {
    if (code) {
      const session = await join(code);
      save({ session, acknowledged: false, withdrawn: session.withdrawn ?? [] });
      // The code is used up; remove it from the browser's history.
      history.replaceState(null, "", location.pathname);
    }
  } catch (error) {
    return failed(error);
  }
  if (!state) return view.showProblem(FAILED_LINK.missing[0], "", FAILED_LINK.missing[1]);
  $("exam-title").textContent = state.session.exam_title;
  if (state.acknowledged) return view.show("check");
  view.fillNotice(state.session.notice);
  view.show("notice");
}

function failed(error) {
  const offline = error instanceof Problem && error.code === "offline";
  const [title, help] = FAILED_LINK[offline ? "offline" : "used"];
  view.showProblem(title, error.message, help, offline ? () => location.reload() : undefined);
}

async function confirmNotice() {
  const purposes = view.confirmedPurposes();
  if (!purposes) return;
  try {
    await acknowledge(state.session, purposes);
  } catch (error) {
    return view.setError("purposes-error", error.message || "That could not be recorded. Please try again.");
  }
  save({ ...state, acknowledged: true });
  view.show("check");
}

async function turnOn() {
  view.setError("devices-error", "");
  try {
    await useDevices();
  } catch (error) {
    return view.setError("devices-error", error.message);
  }
  $("camera-state").textContent = describePicture(stream);
  $("check-state").textContent = "Camera and microphone are on.";
  $("check-panel").hidden = false;
  $("devices-on").hidden = true;
  $("start").focus();
  stopLevel = watchLevel(stream, (level, heard) => {
    $("microphone-level").value = level;
    if (heard) $("microphone-state").textContent = "is on and hears you.";
  });
}

async function useDevices() {
  const next = await openDevices(state.session.webrtc_config);
  stopDevices(stream);
  stream = next;
  $("check-preview").srcObject = stream;
  $("exam-preview").srcObject = stream;
  muteWithdrawn(stream, state.withdrawn);
  for (const track of stream.getTracks()) track.onended = () => view.setLinkState("no-devices");
}

function startExam() {
  stopLevel();
  view.setPaused(Boolean(state.session.paused_at));
  showAgreement();
  view.show("exam");
  link = keepConnected(state.session, stream, {
    onState: (name) => view.setLinkState(stream.active ? name : "no-devices"),
    onNotice: hear,
    isOver: (code) => FINAL_CODES.has(code),
    onOver: close,
  });
  stopListening = listen(state.session, { onNotice: hear, onPaused: hearPaused, onEnded: close });
  addEventListener("beforeunload", warnBeforeLeaving);
}

function hear({ message, level, event_id: event, event_type: type, purpose }) {
  if (type === "PROCTOR_PAUSE" || type === "PROCTOR_RESUME") {
    pauseHeard_ms = performance.now();
    view.setPaused(type === "PROCTOR_PAUSE");
  }
  if (type === "CONSENT_WITHDRAWN" || type === "CONSENT_RENEWED") setAgreed(purpose, type === "CONSENT_RENEWED");
  view.addMessage(message, level ?? "message", event);
}

/** A heartbeat says whether the exam is paused. */
function hearPaused(paused) {
  if (performance.now() - pauseHeard_ms > WORD_COUNTS_MS) view.setPaused(paused);
}

function showAgreement() {
  view.fillAgreement(state.session.notice.purposes, state.withdrawn, changeAgreement);
}

function setAgreed(purpose, agreed) {
  const others = state.withdrawn.filter((one) => one !== purpose);
  if ((others.length === state.withdrawn.length) === agreed) return;
  save({ ...state, withdrawn: agreed ? others : [...others, purpose] });
  muteWithdrawn(stream, state.withdrawn);
  showAgreement();
}

/** Withdraws after one question, or agrees again. The node is told by the coordinator, at once. */
async function changeAgreement(purpose, given) {
  view.setError("agreement-error", "");
  try {
    if (given || (await view.confirmWithdrawal(purpose))) {
      const { message } = await agree(state.session, purpose, given);
      setAgreed(purpose, given);
      $("agreement-state").textContent = message;
    }
  } catch (error) {
    view.setError("agreement-error", error.message || "That could not be recorded. Please try again.");
  }
  view.focusPurpose(purpose);
}

function warnBeforeLeaving(event) {
  event.preventDefault();
}

async function turnOnAgain() {
  try {
    await useDevices();
    await link.replace(stream);
    view.setLinkState("connected");
  } catch (error) {
    view.addMessage(error.message, "technical");
  }
}

async function finish() {
  if (!(await view.confirmEnd())) return $("end").focus();
  view.setError("end-error", "");
  await view.whileBusy($("end"), async () => {
    submitting = true;
    try {
      await end(state.session);
      close();
    } catch (error) {
      // An earlier try got through and its answer was lost: the token ended with the session.
      if (error.code === "session-ended") return close();
      submitting = false;
      const text = error.message || "The exam could not be ended.";
      view.setError("end-error", `${text} Your session continues; please try again.`);
    }
  });
}

/** The session is over; node and coordinator may report this while our own request to end it is still running. */
function close() {
  if (!state) return;
  removeEventListener("beforeunload", warnBeforeLeaving);
  link.stop();
  stopListening();
  stopDevices(stream);
  save(null);
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close("no");
  view.showClosed(submitting ? "submitted" : "ended");
}

$("notice-form").addEventListener("submit", (event) => {
  event.preventDefault();
  view.whileBusy(event.submitter ?? $("notice-form").querySelector("button"), confirmNotice);
});
$("devices-on").addEventListener("click", () => view.whileBusy($("devices-on"), turnOn));
$("start").addEventListener("click", startExam);
$("devices-again").addEventListener("click", () => view.whileBusy($("devices-again"), turnOnAgain));
$("end").addEventListener("click", finish);
begin();
