// The candidate's steps: link, notice, camera and microphone, exam, end.

import { Problem, acknowledge, agree, end, route, told } from "./api.js";
import { forgetDevice } from "./device.js";
import { Devices } from "./devices.js";
import { approved, ask, claim, lookAt, sayCamera } from "./entry.js";
import { keepConnected } from "./link.js";
import { listen } from "./live.js";
import { DevicesRefused, describePicture, watchLevel } from "./media.js";
import { offerOwnData } from "./own.js";
import { keepRelays } from "./relays.js";
import * as view from "./view.js";

const { $ } = view;
const STORE = "proctor.exam";
// Close codes of the signaling socket: 4409 open in another window, 4401 invalid token, 4403 another session's token,
// 4404 and 4410 the session is over.
const OPEN_ELSEWHERE = 4409;
const FINAL_CODES = new Set([OPEN_ELSEWHERE, 4401, 4403, 4404, 4410]);
const LOOK_AGAIN_MS = 3000;
// What makes a session end later.
const EXTENDED_BY = new Set(["PROCTOR_EXTRA_TIME", "PROCTOR_PAUSE", "PROCTOR_RESUME"]);
const FAILED_LINK = {
  offline: ["The exam server does not answer", "Check your internet connection and try again."],
  over: ["This link does not work", "Ask your institution for a new one."],
  missing: ["This page needs your link", "Open the link your institution sent you; it is only for you."],
};

// Kept for this tab, so that it is not lost in a reload: the link's code, whether it is `running` here, and
// the purposes that were `confirmed`. The session's token is kept nowhere.
let state = JSON.parse(sessionStorage.getItem(STORE) ?? "null");
let seen = null;
let session = null;
let withdrawn = [];
let stopLevel = () => {};
let link = null;
let relays = null;
let stopListening = () => {};
let submitting = false;
let pauseHeard_ms = -Infinity;
// A heartbeat may be older than a proctor's pause or resume. For this long, that message counts instead.
const WORD_COUNTS_MS = 15_000;

const devices = new Devices({
  onState: (now) => view.setDevices(now),
  onStream: (stream) => {
    showPictures(stream);
    link?.replace(stream);
  },
});

function save(next) {
  state = next;
  if (next) sessionStorage.setItem(STORE, JSON.stringify(next));
  else sessionStorage.removeItem(STORE);
}

async function begin() {
  const code = location.hash.slice(1);
  if (code && code !== state?.code) save({ code });
  // The code is removed from the address bar, so that nobody nearby can read it.
  if (code) history.replaceState(null, "", location.pathname);
  if (!state) return view.showProblem(FAILED_LINK.missing[0], "", FAILED_LINK.missing[1]);
  try {
    seen = await lookAt(state.code);
  } catch (error) {
    return failed(error);
  }
  $("exam-title").textContent = seen.exam_title;
  await enter();
}

/** Shows the step at which this device may continue. */
async function enter() {
  if (seen.device === "elsewhere") return view.showAsk(null);
  if (seen.device === "asked") return waitForApproval();
  const began = seen.device === "yours" || (seen.device === "open" && state.running);
  if (began && seen.not_acknowledged.length === 0) {
    view.show("resume");
    return state.running && (await mayUseDevices()) ? view.whileBusy($("continue"), resume) : undefined;
  }
  if (state.confirmed) return view.show("check");
  view.fillNotice(seen.notice, seen.how_it_works);
  view.show("notice");
}

/** Whether the page may use camera and microphone without asking again; not every browser tells. */
async function mayUseDevices() {
  try {
    const asked = ["camera", "microphone"].map((name) => navigator.permissions.query({ name }));
    return (await Promise.all(asked)).every(({ state: given }) => given === "granted");
  } catch {
    return false;
  }
}

function failed(error) {
  const offline = error instanceof Problem && error.code === "offline";
  const [title, help] = FAILED_LINK[offline ? "offline" : "over"];
  if (!offline) save(null);
  view.showProblem(title, error.message, help, offline ? () => location.reload() : undefined);
}

async function askForThis() {
  view.setError("ask-error", "");
  try {
    seen = await ask(state.code, seen.session_uuid);
  } catch (error) {
    return view.setError("ask-error", error.message || "Your request could not be sent. Please try again.");
  }
  // Not awaited, so that the button works again as soon as the request was sent.
  if (seen.device === "asked") waitForApproval();
  else await enter();
}

async function waitForApproval() {
  view.showAsk(seen.check_number);
  try {
    seen = await approved(state.code);
  } catch (error) {
    return failed(error);
  }
  if (seen.device !== "elsewhere") return enterApproved();
  view.showAsk(null);
  view.setError("ask-error", "Nobody has agreed yet. You may ask again.");
}

/** On a device that is new to the exam, camera and microphone are checked first. */
function enterApproved() {
  save({ ...state, confirmed: state.confirmed ?? [] });
  if (seen.not_acknowledged.length === 0) return view.show("check");
  view.fillNotice(seen.notice, seen.how_it_works);
  view.show("notice");
}

function confirmNotice() {
  const purposes = view.confirmedPurposes();
  if (!purposes) return;
  save({ ...state, confirmed: purposes });
  view.show("check");
}

async function turnOn() {
  view.setError("devices-error", "");
  try {
    await useDevices();
  } catch (error) {
    return view.setError("devices-error", error.message);
  }
  $("camera-state").textContent = describePicture(devices.stream);
  $("check-state").textContent = "Camera and microphone are on.";
  $("check-panel").hidden = false;
  $("devices-on").hidden = true;
  $("start").focus();
  stopLevel = watchLevel(devices.stream, (level, heard) => {
    $("microphone-level").value = level;
    if (heard) $("microphone-state").textContent = "is on and hears you.";
  });
}

async function useDevices() {
  await saying(() => devices.open(seen.webrtc_config));
  showPictures(devices.stream);
}

/** Opens devices, and lets staff know if that fails: without it, their wall shows only a page without a picture. */
async function saying(open) {
  try {
    await open();
    sayOnce("on");
  } catch (error) {
    if (error instanceof DevicesRefused) sayOnce(error.trouble);
    throw error;
  }
}

/** Each word is sent once, "on" only after a trouble. A word that was not received is sent with the next try. */
function sayOnce(camera) {
  if (!state || camera === (state.camera ?? "on")) return;
  sayCamera(state.code, seen.session_uuid, camera).then(() => state && save({ ...state, camera })).catch(() => {});
}

function showPictures(stream) {
  $("check-preview").srcObject = stream;
  $("exam-preview").srcObject = stream;
}

/** The candidate's Start: from here on the session belongs to this device. */
async function start() {
  view.setError("start-error", "");
  try {
    await open();
    if (state.confirmed?.length) await acknowledge(session, state.confirmed);
  } catch (error) {
    return refused(error, "start-error");
  }
  stopLevel();
  run();
}

/** Continues after a reload, or in another window. Earlier messages are shown again. */
async function resume() {
  const place = $("elsewhere").hidden ? "resume-error" : "elsewhere-error";
  view.setError(place, "");
  try {
    if (!devices.stream) await useDevices();
    await open();
  } catch (error) {
    return refused(error, place);
  }
  run();
}

async function open() {
  session = await claim(state.code);
  withdrawn = session.withdrawn ?? [];
  devices.mute(withdrawn);
}

async function refused(error, place) {
  if (!(error instanceof Problem)) return view.setError(place, error.message);
  if (error.code === "device-elsewhere") {
    devices.close();
    seen = await lookAt(state.code).catch(() => seen);
    return view.showAsk(null);
  }
  if (error.status === 404 || error.status === 410) {
    devices.close();
    return failed(error);
  }
  view.setError(place, error.message || "That did not work. Please try again.");
}

function run() {
  save({ ...state, running: true });
  view.setPaused(Boolean(session.paused_at));
  showAgreement();
  view.show("exam");
  relays = keepRelays(session, () => claim(state.code));
  connect();
  stopListening = listen(session, {
    onNotice: hear,
    onPaused: hearPaused,
    onEnded: () => close(),
    onMoved: () => close("moved"),
    onReroute: () => link?.again(),
  });
  addEventListener("beforeunload", warnBeforeLeaving);
  told(session).then((items) => items.forEach(show)).catch(() => {});
}

function connect() {
  link = keepConnected(session, devices.stream, {
    onState: view.setLinkState,
    onNotice: hear,
    askRoute: (failed) => route(session, failed),
    isOver: (code) => FINAL_CODES.has(code),
    onOver: (code) => (code === OPEN_ELSEWHERE ? goElsewhere() : findOut()),
  });
}

/** The exam is open in another window: this one stops everything and does not restart by itself. */
function goElsewhere() {
  letGo();
  save({ ...state, running: false });
  view.show("elsewhere");
}

/** The node does not admit this page. The coordinator knows why, and whether the exam continues. */
async function findOut() {
  view.setLinkState("waiting");
  try {
    seen = await lookAt(state.code);
    if (seen.device === "elsewhere" || seen.device === "asked") return close("moved");
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    if (!state) return;
    await open();
    relays.stop();
    relays = keepRelays(session, () => claim(state.code));
    connect();
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== "offline") return close();
    setTimeout(() => state && findOut(), LOOK_AGAIN_MS);
  }
}

function letGo() {
  removeEventListener("beforeunload", warnBeforeLeaving);
  link?.stop();
  relays?.stop();
  stopListening();
  devices.close();
}

/** Shows an earlier message, with its own time. */
function show({ message, level, event_id: event, timestamp }) {
  view.addMessage(message, level ?? "message", event, new Date(timestamp));
}

function hear({ message, level, event_id: event, event_type: type, purpose }) {
  if (type === "PROCTOR_PAUSE" || type === "PROCTOR_RESUME") {
    pauseHeard_ms = performance.now();
    view.setPaused(type === "PROCTOR_PAUSE");
  }
  if (EXTENDED_BY.has(type)) relays.renew();
  if (type === "CONSENT_WITHDRAWN" || type === "CONSENT_RENEWED") setAgreed(purpose, type === "CONSENT_RENEWED");
  view.addMessage(message, level ?? "message", event);
}

/** A heartbeat says whether the exam is paused. */
function hearPaused(paused) {
  if (performance.now() - pauseHeard_ms > WORD_COUNTS_MS) view.setPaused(paused);
}

function showAgreement() {
  view.fillAgreement(session.notice.purposes, withdrawn, changeAgreement);
}

function setAgreed(purpose, agreed) {
  const others = withdrawn.filter((one) => one !== purpose);
  if ((others.length === withdrawn.length) === agreed) return;
  withdrawn = agreed ? others : [...others, purpose];
  devices.mute(withdrawn);
  showAgreement();
}

/** Withdraws after one question, or agrees again. The node is told by the coordinator, at once. */
async function changeAgreement(purpose, given) {
  view.setError("agreement-error", "");
  try {
    if (given || (await view.confirmWithdrawal(purpose))) {
      const { message } = await agree(session, purpose, given);
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
    await saying(() => devices.again());
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
      await end(session);
      close();
    } catch (error) {
      // An earlier request ended the session, but its answer was lost. The token is no longer valid.
      if (error.code === "session-ended") return close();
      submitting = false;
      const text = error.message || "The exam could not be ended.";
      view.setError("end-error", `${text} Your session continues; please try again.`);
    }
  });
}

/** The session is over; node and coordinator may report this while our own request to end it is still running. */
function close(reason = submitting ? "submitted" : "ended") {
  if (!state) return;
  letGo();
  forgetDevice(seen.session_uuid);
  save(null);
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close("no");
  view.showClosed(reason);
}

$("notice-form").addEventListener("submit", (event) => {
  event.preventDefault();
  confirmNotice();
});
$("devices-on").addEventListener("click", () => view.whileBusy($("devices-on"), turnOn));
$("start").addEventListener("click", () => view.whileBusy($("start"), start));
$("continue").addEventListener("click", () => view.whileBusy($("continue"), resume));
$("use-here").addEventListener("click", () => view.whileBusy($("use-here"), resume));
$("ask-device").addEventListener("click", () => view.whileBusy($("ask-device"), askForThis));
$("devices-again").addEventListener("click", () => view.whileBusy($("devices-again"), turnOnAgain));
$("end").addEventListener("click", finish);
offerOwnData(() => session);
begin();
