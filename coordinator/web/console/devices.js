// A session's devices: those that ask for approval, each with a button, and a new link for the candidate.

import { messageOf, sessionPath } from "./api.js";
import { $, drawList, h, say, whileBusy } from "./dom.js";
import * as words from "./words.js";

/** The devices that ask now. */
export async function asking(app, id) {
  const { items } = await app.api.get(sessionPath(id, "/devices"));
  return items.filter(({ ask_expires_at: until }) => until !== null);
}

/** Shows the devices that ask; `done` is called after one was approved. */
export function drawAsking(app, id, waiting, done) {
  $("session-asking").hidden = waiting.length === 0;
  const rows = waiting.map((one) => ({ ...one, mayAct: app.mayAct() }));
  drawList($("session-asking-list"), rows, (one) => one.device_id, (one) => {
    const approve = h("button", { type: "button", textContent: `Approve ${one.check_number}`, hidden: !one.mayAct });
    approve.onclick = () => whileBusy(approve, () => letIn(app, id, one, done));
    return [h("span", { textContent: `Number ${one.check_number}, asked at ${words.clock(one.asked_at)}. ` }), approve];
  });
}

async function letIn(app, id, { device_id: device, check_number: number }, done) {
  $("session-link-error").textContent = "";
  try {
    await app.api.post(sessionPath(id, "/approve-device"), { device_id: device });
    say(`The device with the number ${number} is approved, and the earlier one is disconnected.`);
  } catch (problem) {
    $("session-link-error").textContent = messageOf(problem);
  }
  done();
}

/** Makes a new link and shows it, so that it can be copied. */
export async function makeLink(app, id) {
  $("session-link-error").textContent = "";
  try {
    const made = await app.api.post(sessionPath(id, "/link"), {}, { once: true });
    $("session-link").value = made.join_url;
    $("session-link-until").textContent =
      `Works until the session ends, now ${words.clock(made.join_url_expires_at)}. Earlier links no longer work.`;
    $("session-link-row").hidden = false;
    $("session-link").focus();
    $("session-link").select();
  } catch (problem) {
    $("session-link-error").textContent = messageOf(problem);
  }
}

/** Clears what was shown for the session before. */
export function clearDevices() {
  $("session-asking").hidden = $("session-link-row").hidden = true;
  $("session-asking-list").replaceChildren();
  $("session-link").value = $("session-link-error").textContent = "";
}
