// Decides, without clock or network, whether our media still arrive, and how long to wait before a new try.

const SILENT_AFTER_S = 3;
const LONGEST_RTT_S = 10;
const FIRST_WAIT_S = 0.5;
const LONGEST_WAIT_S = 4;

/**
 * Takes the sent and received counts so far; returns for how many seconds one of them has not changed.
 *
 * Sending alone proves nothing (packets into a dead network count as sent), so reports of the node must also
 * keep arriving.
 */
export class Silence {
  #sent = { count: -1, since_s: 0 };
  #received = { count: -1, since_s: 0 };

  observe({ sent, received }, now_s) {
    for (const [known, count] of [[this.#sent, sent], [this.#received, received]]) {
      if (count !== known.count) Object.assign(known, { count, since_s: now_s });
    }
    return now_s - Math.min(this.#sent.since_s, this.#received.since_s);
  }
}

/**
 * After this many seconds without reports about them, media count as lost. The node's reports arrive later on a slow
 * uplink, so the round-trip time is added.
 */
export function silentAfter(rtt_s) {
  return SILENT_AFTER_S + Math.min(rtt_s, LONGEST_RTT_S);
}

/**
 * Seconds before try number `attempt` (0, 1, …): at once first, then growing, spread by `chance` (0…1).
 *
 * A node that restarts is back within seconds, so the longest wait is short: a candidate waits for it at most that long.
 */
export function waitBefore(attempt, chance) {
  if (attempt === 0) return 0.3 * chance;
  return Math.min(LONGEST_WAIT_S, FIRST_WAIT_S * 1.5 ** (attempt - 1)) * (0.5 + chance / 2);
}
