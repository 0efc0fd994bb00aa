// Keeps a view fresh: fetches again and again, and waits longer after each failure.

import { messageOf } from "./api.js";

const LONGEST_WAIT_S = 30;

/** Seconds before try number `attempt` (1, 2, …) after a failure: doubling, spread by `chance` (0…1). */
export function waitAfter(attempt, chance) {
  return Math.min(LONGEST_WAIT_S, 2 ** (attempt - 1)) * (0.5 + chance / 2);
}

/** How outdated a view is: when it was last right, the seconds until the next try, and what is wrong. */
export function freshness(name, { at_ms = null, retry_s = null, reason = "" } = {}) {
  return { name, at_ms, retry_s, reason };
}

/**
 * Runs `load(signal)` every `every_s` seconds until stopped, when `signal` is aborted. `onState` gets the result:
 * "loading", "fresh", "stale" (something older is shown), "failed" (there is nothing to show). Refusals of the token
 * end it.
 */
export function keepFresh(load, { every_s, onState }) {
  const stopping = new AbortController();
  let wake = () => {};
  let asked = false;
  let at_ms = null;

  async function run() {
    onState(freshness("loading"));
    let failures = 0;
    let last_ms = 0;
    while (!stopping.signal.aborted) {
      let wait_s = every_s;
      try {
        [asked, last_ms] = [false, Date.now()];
        await load(stopping.signal);
        if (stopping.signal.aborted) return;
        [failures, at_ms] = [0, last_ms];
        onState(freshness("fresh", { at_ms }));
      } catch (problem) {
        if (stopping.signal.aborted || problem.status === 401) return;
        wait_s = waitAfter(++failures, Math.random());
        onState(freshness(at_ms ? "stale" : "failed", { at_ms, retry_s: wait_s, reason: messageOf(problem) }));
      }
      if (!asked) await pause(wait_s);
      // At most once a second, however often it is requested.
      await pause(Math.max(0, 1 - (Date.now() - last_ms) / 1000));
    }
  }

  function pause(wait_s) {
    return new Promise((resolve) => {
      const timer = setTimeout(done, wait_s * 1000);
      function done() {
        clearTimeout(timer);
        removeEventListener("online", done);
        resolve();
      }
      wake = done;
      addEventListener("online", done);
    });
  }

  run();
  return {
    /** Fetches again at once. */
    now() {
      asked = true;
      wake();
    },
    stop() {
      stopping.abort();
      wake();
    },
  };
}
