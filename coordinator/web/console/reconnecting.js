// Keeps one socket open until it is stopped or over: opens it again with back-off when it is lost or silent.

import { waitAfter } from "./fresh.js";

/**
 * `prepare(failures)` fetches what a connection needs, `connect(prepared)` makes the socket; `onOpen` and `onMessage`
 * get it and its messages, `onLost` is called before each wait. `endOf({ status, code })` names the end after a refusal
 * or a close that is final, which `onEnd` gets; "" means that it tries again. Returns `{ send, stop }`.
 */
export function keepOpen({
  prepare = () => {},
  connect,
  silentAfter_ms,
  onOpen = () => {},
  onMessage,
  onLost,
  endOf,
  onEnd = () => {},
}) {
  let [stopped, socket, timer, failures] = [false, null, null, 0];

  async function open() {
    let prepared;
    try {
      prepared = await prepare(failures);
    } catch (problem) {
      lost(problem);
      return;
    }
    if (stopped) return;
    socket = connect(prepared);
    socket.onopen = onOpen;
    socket.onmessage = ({ data }) => {
      failures = 0;
      watchSilence();
      onMessage(JSON.parse(data));
    };
    socket.onclose = lost;
    watchSilence();
  }

  function lost(failure) {
    if (stopped) return;
    const end = endOf(failure);
    if (end) {
      stop();
      onEnd(end);
      return;
    }
    onLost();
    clearTimeout(timer);
    timer = setTimeout(open, 1000 * waitAfter(++failures, Math.random()));
  }

  function watchSilence() {
    clearTimeout(timer);
    timer = setTimeout(() => {
      drop();
      lost({});
    }, silentAfter_ms);
  }

  function drop() {
    if (socket) socket.onclose = socket.onmessage = socket.onopen = null;
    socket?.close();
  }

  function stop() {
    stopped = true;
    clearTimeout(timer);
    drop();
  }

  open();
  return {
    /** Sends this if the socket is open now. */
    send(message) {
      if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
    },
    stop,
  };
}
