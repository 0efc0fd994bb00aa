"""What a live socket says to whom. Pure.

Staff get the seed's forms (4.4). A candidate gets technical notices and gentle warnings: a sentence, and
never a score, threshold, count, thumbnail or the name of a suspicion (SPEC, sentence 4). Identity findings
and whatever asks for a person's look (`escalate`) are told to staff alone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from shared.alerts import Alert, seed_message
from shared.events import Action, EventClass
from shared.fields import format_utc
from shared.messages import SessionState

RAISED: Final = 1


def staff_message(alert: Alert, revision: int) -> dict[str, Any]:
    """The seed's `alert` when it is raised, a `cleared` when it is over."""
    if revision == RAISED:
        return seed_message(alert)
    return {
        "type": "cleared",
        "event_id": str(alert.event_id),
        "exam_session_id": alert.exam_session_id,
        "event_type": alert.event_type,
        "timestamp": format_utc(alert.cleared or alert.raised),
        "duration_seconds": round(alert.duration, 3),
    }


def candidate_message(alert: Alert, revision: int) -> dict[str, Any] | None:
    """A notice with the alert's sentence for the candidate, or None when it is not for them."""
    gentle = alert.event_class is EventClass.CONDUCT and alert.action_required is Action.WARNING
    technical = alert.event_class is EventClass.TECHNICAL
    if revision != RAISED or not (gentle or technical) or not alert.message:
        return None
    return {
        "type": "notice",
        "event_id": str(alert.event_id),
        "level": "technical" if technical else "warning",
        "message": alert.message,
        "timestamp": format_utc(alert.raised),
        "dismiss_after_seconds": alert.dismiss_after_seconds,
    }


def heartbeat(reference: str, state: SessionState | None, *, for_staff: bool) -> dict[str, Any]:
    """The seed's heartbeat; its figures are those of the node's last own heartbeat, None while unknown.

    The count of alerts is for staff.
    """
    stats: dict[str, Any] = {
        "frames_processed": state.frames_processed if state else None,
        "last_face_verification": _text(state.last_verified_utc if state else None),
    }
    if for_staff:
        stats["alerts_triggered"] = state.alerts_triggered if state else None
    return {"type": "heartbeat", "session_id": reference, "status": "active", "stats": stats}


def ended(reference: str) -> dict[str, Any]:
    """The last message of a socket whose session is over: a heartbeat of another status."""
    return {"type": "heartbeat", "session_id": reference, "status": "ended", "stats": {}}


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else format_utc(instant)
