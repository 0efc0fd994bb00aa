"""The alerts about a second device: it asks, and a person approves it. Technical, without severity. Pure."""

from __future__ import annotations

from datetime import datetime

from coordinator.sessions.milestones import Subject, neutral_alert
from shared.alerts import Alert
from shared.events.types import EventType


def asked(subject: Subject, check_number: str, at_utc: datetime) -> Alert:
    """Another device has asked to open the session. The candidate is told: the link may be in other hands."""
    return neutral_alert(
        subject,
        EventType.SECOND_DEVICE,
        at_utc,
        explanation=(
            f"Another device, which shows the number {check_number}, asks to go on with this session. The "
            "bound device goes on until a person approves the other. Advisory: devices break and are changed."
        ),
        message=(
            "Somebody asks to go on with your exam on another device. If that is not you, tell your "
            "institution. Nothing changes here until a person there agrees."
        ),
        evidence={"check_number": check_number},
    )


def approved(subject: Subject, check_number: str, by: str, at_utc: datetime) -> Alert:
    """A person let another device take the place of the bound one."""
    return neutral_alert(
        subject,
        EventType.SECOND_DEVICE,
        at_utc,
        explanation=(
            f"{by} let the session go on on another device, which showed the number {check_number}. The "
            "earlier device has ended."
        ),
        message="Your exam goes on on another device.",
        evidence={"check_number": check_number, "approved_by": by},
    )
