// What the candidate sees. Knows only the page's elements, not sessions, sockets or devices.

const MOST_MESSAGES = 20;
const MOST_REMEMBERED = 200;

const LINK_STATES = {
  connecting: "Connecting.",
  connected: "Connected. Your camera and microphone are being sent.",
  waiting: "The connection was lost. It is being restored; you can continue working.",
  paused: "Paused. Nothing is watched or listened to until the exam goes on.",
};

const DEVICE_STATES = {
  camera: {
    gone: "Your camera has stopped. Plug it in, and it starts again by itself; or turn it on again below.",
    silent: "Your camera gives no picture at the moment. Check whether a switch or a key has turned it off.",
  },
  microphone: {
    gone: "Your microphone has stopped. Plug it in, and it starts again by itself; or turn it on again below.",
    silent: "Your microphone gives no sound at the moment. Check whether a switch or a key has turned it off.",
  },
};

const PURPOSES = {
  "camera-monitoring": "I understand that my camera picture is analysed while the exam runs.",
  "identity-verification": "I understand that my face is compared with the pictures I enrolled with.",
  "speech-detection": "I understand that the sound of my microphone is analysed for speech.",
};

// What stops when the candidate withdraws its agreement, as the dialog asks it.
const WITHDRAWALS = {
  "camera-monitoring": "Your camera picture will no longer be looked at, and your face will not be compared.",
  "identity-verification": "Your face will no longer be compared with the pictures you enrolled with.",
  "speech-detection": "Your microphone will no longer be listened to.",
};

const SHORT_PURPOSES = {
  "camera-monitoring": "Camera picture",
  "identity-verification": "Comparison of my face",
  "speech-detection": "Microphone",
};

const CLOSINGS = {
  submitted: ["You have finished", "Your exam session has ended."],
  ended: ["The session has ended", "Your institution has ended this exam session."],
  moved: ["Your exam continues on another device", "Your institution has agreed. This device is no longer used."],
};

export const $ = (id) => document.getElementById(id);

const shownEvents = new Set();

/** Shows one step and moves the focus to its heading, where a screen reader continues. */
export function show(step) {
  for (const section of document.querySelectorAll("main > section")) section.hidden = section.id !== step;
  for (const item of document.querySelectorAll("#steps li")) {
    if (item.dataset.step === step) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  }
  const heading = $(step).querySelector("h1");
  document.title = `${heading.textContent} – ${$("exam-title").textContent}`;
  heading.focus();
}

export function showProblem(title, text, help, again) {
  $("problem-title").textContent = title;
  $("problem-help").textContent = help;
  $("problem-again").hidden = !again;
  $("problem-again").onclick = again ?? null;
  show("problem");
  $("problem-text").textContent = text;
}

/** Fills in the notice with a check box for each purpose, and where to read how the software works. */
export function fillNotice({ title, paragraphs, purposes, language }, howItWorks) {
  // Of this server alone, whatever the answer says.
  if (howItWorks?.startsWith("/how-it-works")) $("notice-how").href = howItWorks;
  $("notice-title").textContent = title;
  $("notice").lang = language;
  $("notice-text").replaceChildren(...paragraphs.map((text) => element("p", { textContent: text })));
  $("purpose-list").replaceChildren(...purposes.map(purposeBox));
}

function purposeBox(purpose) {
  const box = element("input", { type: "checkbox", name: "purpose", value: purpose, required: true });
  const text = PURPOSES[purpose] ?? `I understand: ${purpose.replaceAll("-", " ")}.`;
  const label = element("label", { className: "purpose" });
  label.append(box, element("span", { textContent: text }));
  return label;
}

/** The confirmed purposes, or null after marking the first unconfirmed one. */
export function confirmedPurposes() {
  const boxes = [...document.querySelectorAll("#purpose-list input")];
  for (const box of boxes) box.setAttribute("aria-invalid", String(!box.checked));
  const open = boxes.find((box) => !box.checked);
  setError("purposes-error", open ? "Please confirm every point, or close this page." : "");
  open?.focus();
  return open ? null : boxes.map((box) => box.value);
}

export function setError(id, text) {
  $(id).textContent = text;
}

/** While the work runs, its button is marked as busy and does nothing; it keeps the focus. */
export async function whileBusy(button, work) {
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  try {
    await work();
  } finally {
    button.removeAttribute("aria-disabled");
  }
}

let linkState = "connecting";
let paused = false;
let devices = {};

export function setLinkState(state) {
  linkState = state;
  drawState();
}

/** Says that the exam is paused and nothing is watched, or that it goes on. */
export function setPaused(next) {
  paused = next;
  $("exam-heading").textContent = paused ? "Your exam is paused" : "Your exam is running";
  drawState();
}

/** Shows the state of camera and microphone: "on", "silent" or "gone". */
export function setDevices(next) {
  devices = next;
  drawState();
}

/** One sentence at a time: a lost connection first, then a device that gives nothing, then a pause. */
function drawState() {
  const [device, trouble] = Object.entries(devices).find(([, state]) => state !== "on") ?? [];
  const own = linkState !== "connected" ? linkState : device ? `${device}-${trouble}` : paused ? "paused" : linkState;
  const text = LINK_STATES[own] ?? DEVICE_STATES[device][trouble];
  if ($("link-state").dataset.state !== own) $("link-state").textContent = text;
  $("link-state").dataset.state = own;
  $("devices-again").hidden = !Object.values(devices).includes("gone");
}

/** Shows that another device is used; once this one has asked, also the number that staff see. */
export function showAsk(checkNumber) {
  $("ask-state").textContent = checkNumber
    ? `You have asked. Your institution sees your request with the number ${checkNumber}. This page continues when ` +
      "somebody there agrees."
    : "";
  if (checkNumber) $("ask-device").setAttribute("aria-disabled", "true");
  else $("ask-device").removeAttribute("aria-disabled");
  if ($("ask").hidden) show("ask");
}

/** Lists what the candidate has agreed to, each with a button to withdraw it or to agree again. */
export function fillAgreement(purposes, withdrawn, onChange) {
  $("agreement-list").replaceChildren(...purposes.map((purpose) => agreementItem(purpose, withdrawn, onChange)));
}

function agreementItem(purpose, withdrawn, onChange) {
  const gone = withdrawn.includes(purpose);
  const name = SHORT_PURPOSES[purpose] ?? purpose.replaceAll("-", " ");
  const button = element("button", { type: "button", className: "quiet-button" });
  button.dataset.purpose = purpose;
  button.textContent = gone ? "Agree again" : "Withdraw";
  button.setAttribute("aria-label", `${button.textContent}: ${name}`);
  button.addEventListener("click", () => whileBusy(button, () => onChange(purpose, gone)));
  const item = element("li");
  const state = gone ? "withdrawn" : "agreed";
  item.append(element("span", { textContent: `${name}: ${state}.` }), button);
  return item;
}

/** Puts the focus back on a purpose's button after the list was filled again. */
export function focusPurpose(purpose) {
  document.querySelector(`#agreement-list button[data-purpose="${purpose}"]`)?.focus();
}

/** Asks once whether a withdrawal is meant. */
export function confirmWithdrawal(purpose) {
  $("withdraw-what").textContent = WITHDRAWALS[purpose] ?? "This will stop.";
  return ask("withdraw");
}

/** Adds a message. Node and coordinator report the same event; it is shown once. */
export function addMessage(text, level, event = crypto.randomUUID(), at = new Date()) {
  if (!text || shownEvents.has(event)) return;
  if (shownEvents.size >= MOST_REMEMBERED) shownEvents.clear();
  shownEvents.add(event);
  const item = element("li", { textContent: text });
  item.dataset.level = level;
  item.append(element("time", { textContent: at.toLocaleTimeString(), dateTime: at.toISOString() }));
  $("messages").prepend(item);
  while ($("messages").children.length > MOST_MESSAGES) $("messages").lastElementChild.remove();
  $("no-messages").hidden = true;
}

export function confirmEnd() {
  return ask("end");
}

/** Asks once whether the candidate means to ask for the deletion of its data. */
export function confirmDeletion() {
  return ask("erase");
}

/** Asks in a dialog; resolves with the answer. Escape means no. */
function ask(name) {
  const dialog = $(`${name}-dialog`);
  dialog.returnValue = "no";
  dialog.showModal();
  $(`${name}-no`).focus();
  return new Promise((resolve) => {
    $(`${name}-yes`).onclick = () => dialog.close("yes");
    $(`${name}-no`).onclick = () => dialog.close("no");
    // The event of an earlier question may come late, when this one is already open.
    dialog.onclose = () => dialog.open || resolve(dialog.returnValue === "yes");
  });
}

export function showClosed(reason) {
  [$("closed-title").textContent, $("closed-text").textContent] = CLOSINGS[reason];
  show("closed");
}

function element(tag, properties) {
  return Object.assign(document.createElement(tag), properties);
}
