"""What an exam's policy asks for: the watched events, and the looks that they need. Pure.

Looks that are not needed are not done.
"""

from __future__ import annotations

from shared.events.looks import LOOK_OF, LOOKS, Look
from shared.events.table import EVENTS
from shared.events.types import EventType, Feature
from shared.policy.schema import Policy


def switched_on(policy: Policy) -> frozenset[Feature]:
    """The exam's features; speech recognition only if the candidate agreed too."""
    on = frozenset(Feature(name) for name, value in policy.features if value)
    return on if policy.recognises_speech else on - {Feature.SPEECH_TRANSCRIPTION}


def watched(policy: Policy) -> tuple[EventType, ...]:
    """The events that rules over observations watch: neither disabled nor muted."""
    on = switched_on(policy)
    return tuple(
        event
        for event, row in EVENTS.items()
        if row.observed and (row.feature is None or row.feature in on) and policy.rule(event).enabled
    )


def looks_asked_for(policy: Policy) -> frozenset[Look]:
    """The looks to do: for a feature of the exam, or for a watched event."""
    on = switched_on(policy)
    always = {
        look
        for look, row in LOOKS.items()
        if not row.on_demand and (row.feature is None or row.feature in on)
    }
    needed = {LOOK_OF[needs] for event in watched(policy) if (needs := EVENTS[event].needs) is not None}
    listed = ((Look.SOUNDS, policy.sounds), (Look.PHRASES, policy.phrases))
    return frozenset(always | needed) - {look for look, sought in listed if not sought}
