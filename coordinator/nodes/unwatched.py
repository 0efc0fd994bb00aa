"""How much of the time between two heartbeats a node did not watch its sessions. Pure."""

from __future__ import annotations

from shared.messages.heartbeats import Heartbeat, SessionState
from shared.unwatched import Unwatched


def unwatched_share(before: Heartbeat, now: Heartbeat) -> float | None:
    """The unwatched share of the time since the heartbeat `before`, over the sessions that both name, each
    with its least watched kind of look; None if there is no such session."""
    elapsed_s = (now.sent_utc - before.sent_utc).total_seconds()
    if before.boot_id != now.boot_id or elapsed_s <= 0:
        return None
    earlier = {(one.session_id, one.epoch): seconds for one in before.sessions if (seconds := _told(one))}
    shares = [
        min(1.0, _grown_s(earlier[one.session_id, one.epoch], seconds) / elapsed_s)
        for one in now.sessions
        if (seconds := _told(one)) and (one.session_id, one.epoch) in earlier
    ]
    return sum(shares) / len(shares) if shares else None


def _told(session: SessionState) -> Unwatched:
    return session.unwatched_s or {}


def _grown_s(before: Unwatched, now: Unwatched) -> float:
    return max(0.0, *(seconds - before.get(kind, 0.0) for kind, seconds in now.items()))
