"""The closed list of events (SPEC 2.3): names, classes, and what is advised.

Classes keep kinds of truth apart: `conduct` and `identity` are observations a person may weigh, `technical`
is trouble of machines and networks and never adds suspicion, `milestone` is a neutral step of the exam,
`proctor` is what a person did. Nothing here infers emotion, stress, attention or engagement (SPEC 2.4).
"""

from __future__ import annotations

from enum import StrEnum


class EventClass(StrEnum):
    CONDUCT = "conduct"
    IDENTITY = "identity"
    TECHNICAL = "technical"
    MILESTONE = "milestone"
    PROCTOR = "proctor"


class Action(StrEnum):
    """Advice to the exam platform; nothing is done automatically."""

    NONE = "none"
    WARNING = "warning"
    ESCALATE = "escalate"
    AUTO_PAUSE = "auto-pause"


class Lane(StrEnum):
    """An alert's road: each has its own sequence per node, and technical ones are dropped first at a cap."""

    CONDUCT = "conduct"
    TECHNICAL = "technical"


class EventType(StrEnum):
    MULTIPLE_FACES = "MULTIPLE_FACES"
    FACE_NOT_FOUND = "FACE_NOT_FOUND"
    PRESENCE_LOSS = "PRESENCE_LOSS"
    FACE_MISMATCH = "FACE_MISMATCH"
    IDENTITY_UNVERIFIED = "IDENTITY_UNVERIFIED"
    LEFT_FRAME = "LEFT_FRAME"
    VOICE_DETECTED = "VOICE_DETECTED"
    CAMERA_BLOCKED = "CAMERA_BLOCKED"
    STREAM_STALLED = "STREAM_STALLED"
    CANDIDATE_OFFLINE = "CANDIDATE_OFFLINE"
    ANALYSIS_DEGRADED = "ANALYSIS_DEGRADED"
    SESSION_STARTED = "SESSION_STARTED"
    NOTICE_ACKNOWLEDGED = "NOTICE_ACKNOWLEDGED"
    ENROLLED = "ENROLLED"
    CALIBRATED = "CALIBRATED"
    SUBMITTED = "SUBMITTED"
    SESSION_ENDED = "SESSION_ENDED"


_CLASSES = {
    EventClass.IDENTITY: {EventType.FACE_MISMATCH},
    EventClass.TECHNICAL: {
        EventType.IDENTITY_UNVERIFIED,
        EventType.CAMERA_BLOCKED,
        EventType.STREAM_STALLED,
        EventType.CANDIDATE_OFFLINE,
        EventType.ANALYSIS_DEGRADED,
    },
    EventClass.MILESTONE: {
        EventType.SESSION_STARTED,
        EventType.NOTICE_ACKNOWLEDGED,
        EventType.ENROLLED,
        EventType.CALIBRATED,
        EventType.SUBMITTED,
        EventType.SESSION_ENDED,
    },
}
_CLASS_OF = {event: event_class for event_class, events in _CLASSES.items() for event in events}


def event_class(event: EventType) -> EventClass:
    """The class of an event; conduct unless the table says otherwise."""
    return _CLASS_OF.get(event, EventClass.CONDUCT)


def lane(event: EventType) -> Lane:
    """Conduct and identity share one lane; everything else takes the technical one."""
    suspicion = event_class(event) in (EventClass.CONDUCT, EventClass.IDENTITY)
    return Lane.CONDUCT if suspicion else Lane.TECHNICAL
