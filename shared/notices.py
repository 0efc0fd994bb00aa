"""The message for a candidate about an alert. Pure; node and coordinator send the same.

Technical notices and gentle warnings: a sentence, never a score, threshold, count, thumbnail or the name of a
suspicion. Identity findings and alerts for a person's review (`escalate`) are shown to staff only. A
proctor's act is sent as a `message`, except the mark of a moment; so is what the candidate itself has changed
in its agreement, with the purpose.
"""

from __future__ import annotations

from typing import Any, Final

from shared.alerts import Alert
from shared.events.types import Action, EventClass, EventType
from shared.fields import format_utc

RAISED: Final = 1
_AGREEMENT: Final = (EventType.CONSENT_WITHDRAWN, EventType.CONSENT_RENEWED)


def candidate_notice(alert: Alert, revision: int) -> dict[str, Any] | None:
    """The message for the candidate's socket, or None when the alert is not for them.

    With `event_id` a page that gets it from node and coordinator shows it once.
    """
    if alert.event_type in _AGREEMENT:
        return _message(alert) | {"purpose": alert.evidence.get("purpose")} if revision == RAISED else None
    if alert.event_class is EventClass.PROCTOR:
        return _proctors_message(alert) if revision == RAISED else None
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


def _proctors_message(alert: Alert) -> dict[str, Any] | None:
    return None if alert.event_type is EventType.PROCTOR_FLAG else _message(alert)


def _message(alert: Alert) -> dict[str, Any]:
    return {
        "type": "message",
        "event_id": str(alert.event_id),
        "event_type": alert.event_type,
        "message": alert.message,
        "timestamp": format_utc(alert.raised),
    }
