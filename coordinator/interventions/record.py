"""Makes the alert of class `proctor` for a proctor's act: author, reason, message to the candidate. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from coordinator.sessions.milestones import Subject, neutral_alert
from shared.alerts import Alert
from shared.events.table import EVENTS
from shared.events.types import EventType


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervention:
    """One act of a proctor."""

    event: EventType
    by: str
    """The token's subject."""
    role: str
    reason: str = ""
    """For the record."""
    message: str = ""
    """The proctor's own words to the candidate."""
    minutes: int | None = None
    """Minutes of extra time."""


def alert_of(subject: Subject, done: Intervention, at_utc: datetime) -> Alert:
    """The act's alert on the timeline, without severity."""
    evidence: dict[str, JsonValue] = {"by": done.by, "role": done.role}
    if done.reason:
        evidence["reason"] = done.reason
    if done.minutes is not None:
        evidence["minutes"] = done.minutes
    return neutral_alert(
        subject,
        done.event,
        at_utc,
        explanation=EVENTS[done.event].words.sentence,
        message=_message(done),
        evidence=evidence,
    )


def _message(done: Intervention) -> str:
    if done.minutes is not None:
        return f"You have {done.minutes} more minute{'s' if done.minutes > 1 else ''}."
    return done.message or EVENTS[done.event].words.raised
