"""Events of the page that the candidate uses during the exam."""

from __future__ import annotations

from typing import Final

from shared.events.row import BY_COORDINATOR, BY_NODE, DefaultRule, EventRow, Words
from shared.events.types import EventClass, EventType

ROWS: Final = (
    EventRow(
        event=EventType.SECOND_DEVICE,
        event_class=EventClass.TECHNICAL,
        raised_by=BY_NODE | BY_COORDINATOR,
        rule=DefaultRule(),
        waited_for=False,
        words=Words(
            title="Opened a second time",
            sentence=(
                "The session was opened in a second window or on another device while the first was still "
                "sending. The newest is watched. Advisory: pages are often opened twice."
            ),
            raised="Your exam was opened a second time. Only the newest window is used.",
            cleared="Your exam is open in one window.",
        ),
    ),
)
