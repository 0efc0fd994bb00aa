// Messages of the coordinator during the exam: notices, messages from a person, and the end.

import { waitBefore } from "./silence.js";

/** Listens until stopped, through any number of lost sockets. Returns the function that stops it. */
export function listen(session, { onNotice, onPaused, onEnded, onMoved, onReroute }) {
  let socket = null;
  let timer = null;
  let attempt = 0;

  function open() {
    socket = new WebSocket(session.websocket_url, ["proctor.v1", `bearer.${session.session_token}`]);
    socket.onmessage = ({ data }) => {
      attempt = 0;
      const message = JSON.parse(data);
      if (message.type === "notice" || message.type === "message") onNotice(message);
      if (message.type === "moved") onMoved();
      if (message.type === "reroute") onReroute();
      if (message.type !== "heartbeat") return;
      if (message.status === "ended") onEnded();
      else if (typeof message.paused === "boolean") onPaused(message.paused);
    };
    socket.onclose = () => {
      timer = setTimeout(open, 1000 * waitBefore(++attempt, Math.random()));
    };
  }

  open();
  return () => {
    clearTimeout(timer);
    socket.onclose = null;
    socket.close();
  };
}
