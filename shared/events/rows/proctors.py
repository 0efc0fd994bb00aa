"""Acts of proctors."""

from __future__ import annotations

from typing import Final

from shared.events.row import BY_PROCTOR, EventRow, Words
from shared.events.types import EventClass, EventType

ROWS: Final = (
    EventRow(
        event=EventType.PROCTOR_MESSAGE,
        event_class=EventClass.PROCTOR,
        raised_by=BY_PROCTOR,
        words=Words(
            title="Message to the candidate",
            sentence="A proctor sent the candidate a message.",
        ),
    ),
    EventRow(
        event=EventType.PROCTOR_PAUSE,
        event_class=EventClass.PROCTOR,
        raised_by=BY_PROCTOR,
        words=Words(
            title="Paused",
            sentence="A proctor paused the exam.",
            raised="Your exam is paused. Please stay; a proctor will resume it.",
        ),
    ),
    EventRow(
        event=EventType.PROCTOR_RESUME,
        event_class=EventClass.PROCTOR,
        raised_by=BY_PROCTOR,
        words=Words(
            title="Resumed",
            sentence="A proctor resumed the exam.",
            raised="Your exam continues.",
        ),
    ),
    EventRow(
        event=EventType.PROCTOR_EXTRA_TIME,
        event_class=EventClass.PROCTOR,
        raised_by=BY_PROCTOR,
        words=Words(
            title="Extra time given",
            sentence="A proctor gave the candidate more time.",
        ),
    ),
    EventRow(
        event=EventType.PROCTOR_FLAG,
        event_class=EventClass.PROCTOR,
        raised_by=BY_PROCTOR,
        words=Words(
            title="Flagged",
            sentence="A proctor marked this moment.",
            raised="Marked by a proctor.",
        ),
    ),
    EventRow(
        event=EventType.PROCTOR_TERMINATE,
        event_class=EventClass.PROCTOR,
        raised_by=BY_PROCTOR,
        words=Words(
            title="Ended by a proctor",
            sentence="A proctor ended the session.",
            raised="A proctor has ended your exam session. Your institution will tell you what happens next.",
        ),
    ),
)
