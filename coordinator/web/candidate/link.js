// Keeps media flowing: connects, watches, and reconnects in the same session when media goes silent, to the node
// that the coordinator names. Without an answer it tries its own node again.

import { Silence, silentAfter, waitBefore } from "./silence.js";
import { connect } from "./signaling.js";

const LOOK_EVERY_MS = 500;
const STEADY_AFTER_S = 10;

// Close codes of a node that does not have the session: another one may have it now.
const NOT_HERE = new Set([4404, 4410]);

/**
 * Runs until stopped. `onState` receives "connecting", "connected" and "waiting"; `askRoute(failed)` returns where to
 * connect; `isOver(code)` says which close codes of the signaling socket make another try useless; then `onOver(code)`
 * is called.
 */
export function keepConnected(session, stream, { onState, onNotice, askRoute, isOver, onOver }) {
  const stopping = new AbortController();
  let sending = stream;
  let connection = null;
  // Tries at the present node since it was connected that came to nothing.
  let failed = 0;

  async function run() {
    let attempt = 0;
    while (!stopping.signal.aborted) {
      onState(attempt === 0 ? "connecting" : "waiting");
      await pause(waitBefore(attempt, Math.random()) * 1000, stopping.signal);
      if (stopping.signal.aborted) return;
      if (attempt > 0) await reroute();
      if (stopping.signal.aborted) return;
      const began_s = performance.now() / 1000;
      const code = await once();
      if (stopping.signal.aborted) return;
      if (isOver(code) && !(NOT_HERE.has(code) && (await reroute()))) return onOver(code);
      // After a connection that lasted for a while, waiting times start again from the shortest.
      attempt = performance.now() / 1000 - began_s > STEADY_AFTER_S ? 1 : attempt + 1;
    }
  }

  /** Asks for the session's node; returns whether it is another one than before. */
  async function reroute() {
    let url;
    try {
      url = (await askRoute(failed)).signaling_url;
    } catch {
      return false;
    }
    if (url === session.signaling_url) return false;
    session.signaling_url = url;
    failed = 0;
    return true;
  }

  /** One connection from start to end; returns its close code. */
  async function once() {
    try {
      connection = await connect({
        url: session.signaling_url,
        token: session.session_token,
        stream: sending,
        iceServers: session.webrtc_config.ice_servers.map(withoutEmpty),
        onNotice,
      });
    } catch (error) {
      failed += 1;
      return error.code;
    }
    failed = 0;
    if (stopping.signal.aborted) connection.leave();
    else onState("connected");
    const stopWatching = closeWhenSilent(connection, () => sending);
    const code = await connection.closed;
    stopWatching();
    connection = null;
    return code;
  }

  run();
  return {
    /** Sends another stream from now on. */
    async replace(next) {
      sending = next;
      await connection?.replace(next);
    },
    /** Connects again, to the session's node. */
    again() {
      connection?.again();
    },
    stop() {
      stopping.abort();
      connection?.leave();
    },
  };
}

/** Watches whether video arrives, or only audio if the camera gives nothing. Unsent media are not expected. */
function closeWhenSilent(connection, streamNow) {
  let watched = null;
  let silence = new Silence();
  const timer = setInterval(async () => {
    const gives = (kind) => streamNow().getTracks().some((track) => track.kind === kind && isGiving(track));
    const kind = ["video", "audio"].find(gives) ?? null;
    if (kind !== watched) [watched, silence] = [kind, new Silence()];
    if (kind === null) return;
    const counts = await connection.counts(kind);
    const silent_s = silence.observe(counts, performance.now() / 1000);
    if (silent_s >= silentAfter(counts.rtt_s)) connection.again();
  }, LOOK_EVERY_MS);
  return () => clearInterval(timer);
}

function isGiving({ readyState, muted }) {
  return readyState === "live" && !muted;
}

/** Waits, but no longer than until the browser says that the network is back. */
function pause(duration_ms, signal) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      resolve();
    };
    const timer = setTimeout(done, duration_ms);
    addEventListener("online", done);
    signal.addEventListener("abort", done, { once: true });
  });
}

function withoutEmpty(server) {
  return Object.fromEntries(Object.entries(server).filter(([, value]) => value !== null));
}
