// How this device joins the session: reads what the link is for, opens the session, or asks for approval.

import { Problem, askForDevice, join, look, reportCamera } from "./api.js";
import { deviceFor } from "./device.js";

const ASK_EVERY_MS = 3000;

/** What the link is for, and what this device may do (`JoinLook`). Changes nothing. */
export async function lookAt(code) {
  const seen = await look(code);
  if (seen.device === "open") return seen;
  const device = await deviceFor(seen.session_uuid);
  return device ? look(code, device.key) : seen;
}

/** Opens the session on this device, which is bound if it is the first (`JoinResponse`). */
export async function claim(code) {
  try {
    return await claimOnce(code);
  } catch (error) {
    // Another window of this device has just opened the session, so there is a new challenge to sign.
    if (error instanceof Problem && error.code === "signature-outdated") return claimOnce(code);
    throw error;
  }
}

async function claimOnce(code) {
  const seen = await lookAt(code);
  if (seen.device === "open") return join(code);
  const device = await deviceFor(seen.session_uuid, { make: true });
  // A device that may not open the session gets no challenge; the coordinator refuses it with the reason.
  return join(code, { key: device.key, signature: await device.sign(seen.challenge ?? "") });
}

/** Asks staff to approve this device (`JoinLook`, with the number that staff see). */
export async function ask(code, sessionUuid) {
  const device = await deviceFor(sessionUuid, { make: true });
  return askForDevice(code, device.key);
}

/** Tells staff whether this device's camera and microphone could be turned on. */
export async function sayCamera(code, sessionUuid, camera) {
  const device = await deviceFor(sessionUuid);
  return reportCamera(code, device?.key, camera);
}

/** Waits until staff have approved this device or the request has expired. Resolves with the last `JoinLook`. */
export async function approved(code) {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
    try {
      const seen = await lookAt(code);
      if (seen.device !== "asked") return seen;
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "offline") throw error;
    }
  }
}
