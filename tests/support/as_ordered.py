"""What a node says of a session that runs as it was ordered."""

from __future__ import annotations

from typing import Any

from shared.messages.heartbeats import SessionState
from shared.messages.sessions import StartSession


def heard(order: StartSession, **about: Any) -> SessionState:
    """`about`: what else the heartbeat says of it, or says otherwise."""
    given = {
        "session_id": order.session_id,
        "epoch": order.epoch,
        "phase": "watching",
        "frames_processed": 1,
        "alerts_triggered": 0,
        "last_verified_utc": None,
        "policy_version": order.policy.version,
        "paused": order.paused,
        "expires_utc": order.expires_utc,
        "withheld": order.withheld,
        "hears_phrases": False,
    }
    return SessionState(**{**given, **about})
