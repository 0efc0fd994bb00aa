"""The messages of a live socket, per role. Pure.

Staff get the full forms. `shared.notices` decides what a candidate is told about an alert, on the node's
socket and on this one.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shared.alerts import Alert, Shown, seed_message
from shared.fields import format_utc
from shared.messages.heartbeats import SessionState
from shared.notices import RAISED


def staff_message(shown: Shown, revision: int) -> dict[str, Any]:
    """An `alert` message when it is raised, `cleared` when it is over."""
    if revision == RAISED:
        return seed_message(shown)
    alert = shown.alert
    return {
        "type": "cleared",
        "event_id": str(alert.event_id),
        "exam_session_id": alert.exam_session_id,
        "event_type": alert.event_type,
        "timestamp": format_utc(alert.cleared or alert.raised),
        "duration_seconds": round(alert.duration, 3),
        "explanation": alert.explanation,
        "evidence": dict(alert.evidence),
    }


def heartbeat(reference: str, state: SessionState | None, *, for_staff: bool) -> dict[str, Any]:
    """The heartbeat for a listener. Its figures, and whether the exam is paused, come from the node's last
    heartbeat; None while unknown.

    The count of alerts and the unwatched seconds are for staff.
    """
    stats: dict[str, Any] = {
        "frames_processed": state.frames_processed if state else None,
        "last_face_verification": _text(state.last_verified_utc if state else None),
    }
    if for_staff:
        stats["alerts_triggered"] = state.alerts_triggered if state else None
    if for_staff and state is not None and state.unwatched_s is not None:
        stats["unwatched_s"] = dict(state.unwatched_s)
    paused = state.paused if state else None
    return {
        "type": "heartbeat",
        "session_id": reference,
        "status": "active",
        "paused": paused,
        "stats": stats,
    }


def ended(reference: str) -> dict[str, Any]:
    """The last message of a socket when the session is over: a heartbeat with another status."""
    return {"type": "heartbeat", "session_id": reference, "status": "ended", "stats": {}}


def news_message(reference: str, alert: Alert) -> dict[str, Any]:
    """The message to a wall about a session's newest alert."""
    return {
        "session_id": reference,
        "last": {"event_type": alert.event_type, "timestamp": format_utc(alert.onset)},
    }


def moved(reference: str) -> dict[str, Any]:
    """The last message to a device that another has replaced."""
    return {"type": "moved", "session_id": reference}


def reroute(reference: str) -> dict[str, Any]:
    """Asks the candidate's page to ask for its node and to connect to it."""
    return {"type": "reroute", "session_id": reference}


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else format_utc(instant)
