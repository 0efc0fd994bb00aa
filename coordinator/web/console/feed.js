// One socket for the cards of all shown sessions: sends the list of sessions, receives the cards that have changed.

import { waitAfter } from "./fresh.js";

const SILENT_AFTER_MS = 15_000; // the coordinator sends something every 5 s
const TOKEN_OVER = 4401;
const AT_ONCE = 25; // ids in one message, which may have 4,096 bytes; an id may have 128 characters

/**
 * Feeds a wall until stopped. `onItems` gets `{ session_id, page, unwatched_s }` for each card that has changed, and
 * `{ session_id, last }` for each new alert; `onLost` is called when what is shown may be out of date.
 */
export function feed(api, { onItems, onLost }) {
  let [stopped, socket, timer, failures, shown] = [false, null, null, 0, []];

  function open() {
    socket = api.socket("wall");
    socket.onopen = tell;
    socket.onmessage = ({ data }) => {
      failures = 0;
      watchSilence();
      onItems(JSON.parse(data).items);
    };
    socket.onclose = ({ code }) => (code === TOKEN_OVER ? stop() : again());
    watchSilence();
  }

  function again() {
    if (stopped) return;
    onLost();
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
    if (socket) socket.onclose = socket.onmessage = socket.onopen = null;
    socket?.close();
  }

  function tell() {
    if (socket?.readyState !== WebSocket.OPEN) return;
    for (let first = 0; first === 0 || first < shown.length; first += AT_ONCE) {
      socket.send(JSON.stringify({ show: shown.slice(first, first + AT_ONCE), more: first > 0 }));
    }
  }

  function stop() {
    stopped = true;
    clearTimeout(timer);
    drop();
  }

  open();
  return {
    /** From now on, the sessions with these ids are shown, in whatever order. */
    show(unsorted) {
      const ids = [...unsorted].sort();
      if (ids.length === shown.length && ids.every((id, n) => id === shown[n])) return;
      shown = ids;
      tell();
    },
    stop,
  };
}
