"""How the page says things: event names, times and numbers for people."""

from __future__ import annotations

from shared.events import Action, EventClass, EventType

_NAMES = {
    EventType.MULTIPLE_FACES: "More than one face",
    EventType.FACE_NOT_FOUND: "No face in the picture",
    EventType.PRESENCE_LOSS: "Face much smaller than before",
    EventType.FACE_MISMATCH: "Face unlike the enrolled one",
    EventType.IDENTITY_UNVERIFIED: "Identity could not be checked",
    EventType.LEFT_FRAME: "Out of the picture",
    EventType.VOICE_DETECTED: "Voice heard",
    EventType.CAMERA_BLOCKED: "Camera shows nothing",
    EventType.STREAM_STALLED: "Video stopped arriving",
    EventType.CANDIDATE_OFFLINE: "Connection lost",
    EventType.ANALYSIS_DEGRADED: "Analysis limited",
}

CLASS_NAMES = {
    EventClass.CONDUCT: "Conduct",
    EventClass.IDENTITY: "Identity",
    EventClass.TECHNICAL: "Technical",
    EventClass.MILESTONE: "Milestones",
    EventClass.PROCTOR: "Proctor",
}

ACTION_NAMES = {
    Action.NONE: "No action advised",
    Action.WARNING: "Advice: a gentle reminder",
    Action.ESCALATE: "Advice: a person should look",
    Action.AUTO_PAUSE: "Advice: pause until a person has looked",
}


def event_name(event: EventType) -> str:
    """A neutral name that describes and does not judge."""
    return _NAMES.get(event, event.value.replace("_", " ").capitalize())


def clock(at_s: float) -> str:
    """m:ss.t below an hour, h:mm:ss above."""
    tenths = round(max(at_s, 0.0) * 10)
    if tenths >= 36_000:
        seconds = round(tenths / 10)
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{tenths // 600}:{tenths // 10 % 60:02d}.{tenths % 10}"


def spoken(duration_s: float) -> str:
    """A duration in words, as a screen reader and a sentence want it."""
    if duration_s < 60:
        return f"{duration_s:.1f} s"
    minutes = round(duration_s / 60) if duration_s >= 3600 else int(duration_s // 60)
    if duration_s >= 3600:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {int(duration_s % 60)} s"


def number(value: float | str) -> str:
    """At most three significant decimals, and no trailing zeros."""
    if isinstance(value, str):
        return value
    return f"{value:.3f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"


def counted(count: int, noun: str) -> str:
    """`1 event`, `2 events`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
