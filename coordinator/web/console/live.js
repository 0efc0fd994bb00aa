// One session's live socket: opened with a single-use ticket, reopened with back-off when it is lost.

import { sessionPath } from "./api.js";
import { waitAfter } from "./fresh.js";

const SILENT_AFTER_MS = 25_000; // the coordinator sends something every 10 s
const OVER = 1000;
const TOKEN_OVER = 4401;

/**
 * Listens until stopped or until the session is over. `onMessage` gets the messages for staff,
 * `onState` "connecting", "live", "waiting", "over" or "refused".
 */
export function listen(api, id, { onMessage, onState = () => {} }) {
  let stopped = false;
  let socket = null;
  let timer = null;
  let failures = 0;

  async function open() {
    onState(failures ? "waiting" : "connecting");
    let ticket;
    try {
      ({ ticket } = await api.post(sessionPath(id, "/ws-ticket")));
    } catch (problem) {
      if (stopped) return;
      return givesUp(problem) ? end(problem.status === 410 ? "over" : "refused") : again();
    }
    if (stopped) return;
    socket = new WebSocket(addressOf(id, ticket), ["proctor.v1"]);
    socket.onmessage = ({ data }) => {
      failures = 0;
      watchSilence();
      onState("live");
      onMessage(JSON.parse(data));
    };
    socket.onclose = ({ code }) => {
      if (code === OVER) end("over");
      else if (code === TOKEN_OVER) end("refused");
      else again();
    };
    watchSilence();
  }

  function again() {
    if (stopped) return;
    onState("waiting");
    clearTimeout(timer);
    timer = setTimeout(open, 1000 * waitAfter(++failures, Math.random()));
  }

  function watchSilence() {
    clearTimeout(timer);
    timer = setTimeout(() => {
      drop();
      again();
    }, SILENT_AFTER_MS);
  }

  function drop() {
    if (socket) socket.onclose = socket.onmessage = null;
    socket?.close();
  }

  function end(state) {
    stop();
    onState(state);
  }

  function stop() {
    stopped = true;
    clearTimeout(timer);
    drop();
  }

  open();
  return stop;
}

function givesUp({ status }) {
  return [401, 403, 404, 410].includes(status);
}

function addressOf(id, ticket) {
  const url = new URL(`../ws/${encodeURIComponent(id)}`, import.meta.url);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.searchParams.set("ticket", ticket);
  return url;
}
