// Keeps the passwords of relays valid. They end some minutes after the session was to end when they were made; if the
// session was extended since, the page asks for fresh ones, with which it connects from then on.

// The password of a session that still runs when only this much is left of it is one of an extended session.
const EARLY_S = 300;
const AGAIN_AFTER_S = 60;

/** When the first of these servers' passwords ends, in seconds since 1970; null if none does. */
export function passwordsEnd(servers) {
  const ends = servers.map(({ username }) => Number(/^(\d+):/.exec(username ?? "")?.[1])).filter(Boolean);
  return ends.length === 0 ? null : Math.min(...ends);
}

/**
 * Replaces `session.webrtc_config` in time by that of `fetchAgain()`. Returns `{ renew(), stop() }`: `renew()` replaces
 * it at once.
 */
export function keepRelays(session, fetchAgain) {
  let timer = null;
  let stopped = false;

  async function renew() {
    clearTimeout(timer);
    try {
      const { webrtc_config: fresh } = await fetchAgain();
      session.webrtc_config = fresh;
    } catch {
      // The connection goes on with the password that it has; the next try follows.
    }
    plan(AGAIN_AFTER_S);
  }

  function plan(least_s) {
    clearTimeout(timer);
    const end_s = passwordsEnd(session.webrtc_config.ice_servers);
    if (end_s === null || stopped) return;
    timer = setTimeout(renew, 1000 * Math.max(least_s, end_s - EARLY_S - Date.now() / 1000));
  }

  plan(0);
  return {
    renew() {
      if (passwordsEnd(session.webrtc_config.ice_servers) !== null) renew();
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
