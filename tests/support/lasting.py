"""Alerts of every class that begin and end when a test says so."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.alerts import Alert
from shared.events.table import event_class
from shared.events.types import Action, EventClass, EventType
from tests.support.alerts import MADE_UTC, SESSION, alert

TECHNICAL = [EventType.STREAM_STALLED, EventType.CALIBRATED, EventType.PROCTOR_FLAG]
LATER = MADE_UTC + timedelta(hours=3)


def at(second: float) -> datetime:
    return MADE_UTC + timedelta(seconds=second)


def found(
    event: EventType, onset_s: float, length_s: float | None, severity: float = 0.5, action: str = "warning"
) -> Alert:
    """An alert from `onset_s` on; without a length it still lasts."""
    kind = event_class(event)
    return alert(SESSION, onset_s, event).model_copy(
        update={
            "event_class": kind,
            "severity_score": severity if kind in (EventClass.CONDUCT, EventClass.IDENTITY) else 0.0,
            "onset": at(onset_s),
            "raised": at(onset_s + 1),
            "cleared": None if length_s is None else at(onset_s + length_s),
            "duration": length_s or 1.0,
            "action_required": Action(action),
        }
    )
