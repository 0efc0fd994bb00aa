// The part of the coordinator's REST API that the candidate's page uses.

const ROOT = new URL("../api/v1/", import.meta.url);
const PATIENCE_MS = 15_000;
// Without an answer the page tries its own node, which may be there.
const ROUTE_PATIENCE_MS = 8_000;

/** A refused or failed request. `code` is the coordinator's error code, or `offline` without an answer. */
export class Problem extends Error {
  constructor(code, message, status = 0) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

function post(path, body, token) {
  return send("POST", path, body, token);
}

async function send(method, path, body, token, patience_ms = PATIENCE_MS) {
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  let response;
  try {
    response = await fetch(new URL(path, ROOT), {
      method,
      headers,
      body: JSON.stringify(body),
      credentials: "omit",
      signal: AbortSignal.timeout(patience_ms),
    });
  } catch {
    throw new Problem("offline", "The exam server does not answer. Please check your internet connection.");
  }
  const content = await response.json().catch(() => ({}));
  if (!response.ok) throw new Problem(content.code ?? "refused", content.detail ?? "", response.status);
  return content;
}

/** What a link is for (`JoinLook`). Changes nothing. `key`: this device's key for the session, if it has one. */
export function look(code, deviceKey) {
  return post("join/look", { code, device_key: deviceKey });
}

/** Opens the session by its link, with this device's key and signature (`JoinResponse`). */
export function join(code, device) {
  return post("join", { code, device });
}

/** Asks staff to let this device replace the present one (`JoinLook`). */
export function askForDevice(code, deviceKey) {
  return post("join/ask", { code, device_key: deviceKey });
}

/** Tells staff whether camera and microphone could be turned on: "on" or one word of `CameraTrouble`. */
export function reportCamera(code, deviceKey, camera) {
  return post("join/camera", { code, device_key: deviceKey, camera });
}

/** The newest messages to the candidate so far, the oldest first. */
export async function told(session) {
  return (await send("GET", pathOf(session, "told"), undefined, session.session_token)).items;
}

const MOST_FAILED = 1000; // the API takes no more

/** Where the session's page connects now (`RouteOut`). `failed`: how often it could not connect to its present node. */
export function route(session, failed) {
  const path = `${pathOf(session, "route")}?failed=${Math.min(failed, MOST_FAILED)}`;
  return send("GET", path, undefined, session.session_token, ROUTE_PATIENCE_MS);
}

/** Records that this version of the notice was acknowledged for these purposes. */
export function acknowledge(session, purposes) {
  const body = { notice_version: session.notice.version, purposes };
  return post(pathOf(session, "acknowledge"), body, session.session_token);
}

/** Withdraws consent to one purpose or gives it again (`ConsentChangeOut`). Ask the candidate before a withdrawal. */
export function agree(session, purpose, given) {
  const { version, language } = session.notice;
  const path = `consents/${encodeURIComponent(session.candidate_id)}/${purpose}`;
  return send("PUT", path, { given, confirm: true, text_version: version, language }, session.session_token);
}

/** What is stored about the candidate, and its requests to be erased (`OwnPrivacyOut`). */
export function ownData(session) {
  return send("GET", "privacy/own", undefined, session.session_token);
}

/** Asks to have everything about the candidate deleted; somebody at the institution decides (`ErasureOut`). */
export function askForDeletion(session) {
  return post("privacy/delete", { candidate_id: session.candidate_id }, session.session_token);
}

/** The candidate has finished. */
export function end(session) {
  return post(pathOf(session, "end"), {}, session.session_token);
}

function pathOf(session, action) {
  return `session/${encodeURIComponent(session.session_id)}/${action}`;
}
