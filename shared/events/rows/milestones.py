"""Neutral steps of an exam."""

from __future__ import annotations

from typing import Final

from shared.events.row import BY_COORDINATOR, EventRow, Words
from shared.events.types import EventClass, EventType

ROWS: Final = (
    EventRow(
        event=EventType.NOTICE_ACKNOWLEDGED,
        event_class=EventClass.MILESTONE,
        raised_by=BY_COORDINATOR,
        words=Words(
            title="Notice acknowledged",
            sentence="The candidate acknowledged the notice.",
        ),
    ),
    EventRow(
        event=EventType.CONSENT_WITHDRAWN,
        event_class=EventClass.MILESTONE,
        raised_by=BY_COORDINATOR,
        words=Words(
            title="Consent withdrawn",
            sentence=(
                "The candidate used its right to withdraw its consent to {purpose}. The exam goes on without "
                "it; agree with the candidate on another way."
            ),
        ),
    ),
    EventRow(
        event=EventType.CONSENT_RENEWED,
        event_class=EventClass.MILESTONE,
        raised_by=BY_COORDINATOR,
        words=Words(
            title="Consent given again",
            sentence="The candidate agreed again to {purpose}.",
        ),
    ),
    EventRow(
        event=EventType.ENROLLED,
        event_class=EventClass.MILESTONE,
        raised_by=BY_COORDINATOR,
        words=Words(
            title="Enrolled",
            sentence="The candidate's face was enrolled.",
        ),
    ),
    EventRow(
        event=EventType.CHECKED,
        event_class=EventClass.MILESTONE,
        raised_by=BY_COORDINATOR,
        words=Words(
            title="Checked",
            sentence="The candidate tried camera, microphone and face before the exam.",
        ),
    ),
    EventRow(
        event=EventType.SESSION_STARTED,
        event_class=EventClass.MILESTONE,
        raised_by=BY_COORDINATOR,
        words=Words(
            title="Session started",
            sentence="The session was started.",
        ),
    ),
    EventRow(
        event=EventType.CALIBRATED,
        event_class=EventClass.MILESTONE,
        words=Words(
            title="Calibrated",
            sentence=(
                "The usual size of the face is known: {baseline_share_of_frame:percent} of the picture, from "
                "{samples} frames of the first {baseline_seconds:s}. Gaze zone: {gaze_zone}. Usual pose of "
                "the head: {head_baseline}."
            ),
        ),
    ),
    EventRow(
        event=EventType.SUBMITTED,
        event_class=EventClass.MILESTONE,
        raised_by=BY_COORDINATOR,
        words=Words(
            title="Submitted",
            sentence="The candidate handed in.",
        ),
    ),
    EventRow(
        event=EventType.SESSION_ENDED,
        event_class=EventClass.MILESTONE,
        raised_by=BY_COORDINATOR,
        words=Words(
            title="Session ended",
            sentence="The session ended.",
        ),
    ),
)
