// One socket for the cards of all shown sessions: sends the list of sessions, receives the cards that have changed.

import { keepOpen } from "./reconnecting.js";

const SILENT_AFTER_MS = 15_000; // the coordinator sends something every 5 s
const TOKEN_OVER = 4401;
const AT_ONCE = 25; // ids in one message, which may have 4,096 bytes; an id may have 128 characters

/**
 * Feeds a wall until stopped. `onItems` gets `{ session_id, page, unwatched_s }` for each card that has changed, and
 * `{ session_id, last }` for each new alert; `onLost` is called when what is shown may be out of date.
 */
export function feed(api, { onItems, onLost }) {
  let shown = [];
  const { send, stop } = keepOpen({
    connect: () => api.socket("wall"),
    silentAfter_ms: SILENT_AFTER_MS,
    onOpen: tell,
    onMessage: ({ items }) => onItems(items),
    onLost,
    endOf: ({ code }) => (code === TOKEN_OVER ? "refused" : ""),
  });

  function tell() {
    for (let first = 0; first === 0 || first < shown.length; first += AT_ONCE) {
      send({ show: shown.slice(first, first + AT_ONCE), more: first > 0 });
    }
  }

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
