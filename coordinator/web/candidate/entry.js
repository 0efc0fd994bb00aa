// The way into the session: what the link leads to, this device's claim, and asking to use another device.

import { Problem, askForDevice, join, look } from "./api.js";
import { deviceFor } from "./device.js";

const ASK_EVERY_MS = 3000;

/** What the link leads to, as this device sees it (`JoinLook`). Changes nothing. */
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
    // Another window of this device has just opened it: what is to be signed is another by now.
    if (error instanceof Problem && error.code === "signature-outdated") return claimOnce(code);
    throw error;
  }
}

async function claimOnce(code) {
  const seen = await lookAt(code);
  if (seen.device === "open") return join(code);
  const device = await deviceFor(seen.session_uuid, { make: true });
  // A device that may not open it has nothing to sign, and is told so.
  return join(code, { key: device.key, signature: await device.sign(seen.challenge ?? "") });
}

/** Asks that this device may be used (`JoinLook`, with the number by which staff know it). */
export async function ask(code, sessionUuid) {
  const device = await deviceFor(sessionUuid, { make: true });
  return askForDevice(code, device.key);
}

/** Looks until a person has approved this device, or nobody does; what was seen last. */
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
