"""A proctor's act as an alert of class `proctor`: who did what, why, and what the candidate is told. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from pydantic import JsonValue

from coordinator.sessions.milestones import Subject, neutral_alert
from shared.alerts import Alert
from shared.events.types import EventType

_SENTENCES: Final[Mapping[EventType, str]] = MappingProxyType(
    {
        EventType.PROCTOR_MESSAGE: "A proctor sent the candidate a message.",
        EventType.PROCTOR_PAUSE: "A proctor paused the exam.",
        EventType.PROCTOR_RESUME: "A proctor let the exam go on.",
        EventType.PROCTOR_EXTRA_TIME: "A proctor gave the candidate more time.",
        EventType.PROCTOR_FLAG: "A proctor marked this moment.",
        EventType.PROCTOR_TERMINATE: "A proctor ended the session.",
    }
)
_TOLD: Final[Mapping[EventType, str]] = MappingProxyType(
    {
        EventType.PROCTOR_PAUSE: "Your exam is paused. Please stay; a proctor will let it go on.",
        EventType.PROCTOR_RESUME: "Your exam goes on.",
        EventType.PROCTOR_FLAG: "Marked by a proctor.",
        EventType.PROCTOR_TERMINATE: (
            "A proctor has ended your exam session. Your institution will tell you what happens next."
        ),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervention:
    """What a proctor does."""

    event: EventType
    by: str
    """The token's subject."""
    role: str
    reason: str = ""
    """For the record."""
    message: str = ""
    """The proctor's own words to the candidate."""
    minutes: int | None = None
    """Of extra time."""


def alert_of(subject: Subject, done: Intervention, at_utc: datetime) -> Alert:
    """The alert that stands for it on the timeline, without severity."""
    evidence: dict[str, JsonValue] = {"by": done.by, "role": done.role}
    if done.reason:
        evidence["reason"] = done.reason
    if done.minutes is not None:
        evidence["minutes"] = done.minutes
    return neutral_alert(
        subject,
        done.event,
        at_utc,
        explanation=_SENTENCES[done.event],
        message=_message(done),
        evidence=evidence,
    )


def _message(done: Intervention) -> str:
    if done.minutes is not None:
        return f"You have {done.minutes} more minute{'s' if done.minutes > 1 else ''}."
    return done.message or _TOLD[done.event]
