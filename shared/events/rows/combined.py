"""Events made of several others."""

from __future__ import annotations

from typing import Final

from shared.events.row import DefaultRule, EventRow, Words
from shared.events.types import Action, EventClass, EventType

ROWS: Final = (
    EventRow(
        event=EventType.HIGH_CONFIDENCE_CHEATING,
        event_class=EventClass.CONDUCT,
        rule=DefaultRule(severity=0.95, action=Action.ESCALATE),
        waited_for=False,
        words=Words(
            title="Several signs at once",
            sentence="Within {window_seconds:s} these occurred together: {parts:semicolons}.",
            raised="Someone will look at your picture. You need not do anything.",
            cleared="Thank you for your patience.",
        ),
    ),
)
