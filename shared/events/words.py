"""Names of classes, advice and events for people."""

from __future__ import annotations

from typing import Final

from shared.events.table import EVENTS
from shared.events.types import Action, EventClass, EventType

CLASS_NAMES: Final = {
    EventClass.CONDUCT: "Conduct",
    EventClass.IDENTITY: "Identity",
    EventClass.TECHNICAL: "Technical",
    EventClass.MILESTONE: "Milestones",
    EventClass.PROCTOR: "Proctor",
}

ACTION_NAMES: Final = {
    Action.NONE: "No action advised",
    Action.WARNING: "Advice: a gentle reminder",
    Action.ESCALATE: "Advice: a person should look at it",
    Action.AUTO_PAUSE: "Advice: pause until a person has looked at it",
}


def event_name(event: EventType) -> str:
    """A neutral name that describes and does not judge."""
    return EVENTS[event].words.title
