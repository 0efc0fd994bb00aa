"""Alerts about a second device: it asks for access, or staff approve it. Technical, without severity.
Pure."""

from __future__ import annotations

from datetime import datetime

from coordinator.sessions.milestones import Subject, neutral_alert
from shared.alerts import Alert
from shared.events.types import EventType


def asked(subject: Subject, check_number: str, at_utc: datetime) -> Alert:
    """Another device has asked to open the session. The candidate gets a message, because somebody else may
    have the link."""
    return neutral_alert(
        subject,
        EventType.SECOND_DEVICE,
        at_utc,
        explanation=(
            f"Another device, which shows the number {check_number}, asks to continue this session. The "
            "present device stays in use until a person approves the other. Advisory: there are honest "
            "reasons, such as a broken device."
        ),
        message=(
            "Somebody has asked to continue your exam on another device. If that was not you, tell your "
            "institution. Nothing changes here until your institution agrees."
        ),
        evidence={"check_number": check_number},
    )


def approved(subject: Subject, check_number: str, by: str, at_utc: datetime) -> Alert:
    """A person has approved another device, which replaces the bound one."""
    return neutral_alert(
        subject,
        EventType.SECOND_DEVICE,
        at_utc,
        explanation=(
            f"{by} approved another device for this session, which showed the number {check_number}. The "
            "earlier device can no longer be used."
        ),
        message="Your exam continues on another device.",
        evidence={"check_number": check_number, "approved_by": by},
    )
