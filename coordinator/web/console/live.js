// One session's live socket: opened with a single-use ticket, reopened with back-off when it is lost.

import { sessionPath } from "./api.js";
import { keepOpen } from "./reconnecting.js";

const SILENT_AFTER_MS = 25_000; // the coordinator sends something every 10 s
const OVER = 1000;
const TOKEN_OVER = 4401;
const GONE = 410;
const REFUSED = [401, 403, 404];

/**
 * Listens until stopped or until the session is over. `onMessage` gets the messages for staff,
 * `onState` "connecting", "live", "waiting", "over" or "refused".
 */
export function listen(api, id, { onMessage, onState = () => {} }) {
  const { stop } = keepOpen({
    prepare: (failures) => {
      onState(failures ? "waiting" : "connecting");
      return api.post(sessionPath(id, "/ws-ticket"));
    },
    connect: ({ ticket }) => new WebSocket(addressOf(id, ticket), ["proctor.v1"]),
    silentAfter_ms: SILENT_AFTER_MS,
    onMessage: (message) => {
      onState("live");
      onMessage(message);
    },
    onLost: () => onState("waiting"),
    endOf,
    onEnd: onState,
  });
  return stop;
}

function endOf({ status, code }) {
  if (code === OVER || status === GONE) return "over";
  return code === TOKEN_OVER || REFUSED.includes(status) ? "refused" : "";
}

function addressOf(id, ticket) {
  const url = new URL(`../ws/${encodeURIComponent(id)}`, import.meta.url);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.searchParams.set("ticket", ticket);
  return url;
}
