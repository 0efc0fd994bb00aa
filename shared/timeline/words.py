"""How the page says things: event names, times and numbers for people."""

from __future__ import annotations

from shared.events.types import Action, EventClass, EventType

_NAMES = {
    EventType.MULTIPLE_FACES: "More than one face",
    EventType.FACE_NOT_FOUND: "No face in the picture",
    EventType.PRESENCE_LOSS: "Face much smaller than before",
    EventType.FACE_MISMATCH: "Face unlike the enrolled one",
    EventType.IDENTITY_UNVERIFIED: "Identity could not be checked",
    EventType.PRESENTATION_ATTACK: "Face may be a picture",
    EventType.GAZE_OFF_SCREEN: "Gaze off the screen",
    EventType.PROLONGED_LOOK_AWAY: "Gaze off the screen for long",
    EventType.FREQUENT_DISTRACTION: "Repeated off-screen gaze",
    EventType.HEAD_DOWN: "Head down",
    EventType.HEAD_TURNED_AWAY: "Head turned away",
    EventType.SUSPICIOUS_MOVEMENT: "Quick turns of the head",
    EventType.LEFT_FRAME: "Out of the picture",
    EventType.HAND_NEAR_EAR: "Hand near an ear",
    EventType.MULTIPLE_PERSONS: "More than one person",
    EventType.PHONE_VISIBLE: "Phone in the picture",
    EventType.BOOK_VISIBLE: "Book in the picture",
    EventType.VOICE_DETECTED: "Voice heard",
    EventType.MULTIPLE_SPEAKERS: "More than one voice",
    EventType.AUDIO_ANOMALY: "Unusual sound",
    EventType.KEYWORD_SPOKEN: "Listed phrase heard",
    EventType.HIGH_CONFIDENCE_CHEATING: "Several signs at once",
    EventType.CAMERA_BLOCKED: "Camera shows nothing",
    EventType.CAMERA_FROZEN: "Camera picture stands still",
    EventType.STREAM_STALLED: "Video stopped arriving",
    EventType.CANDIDATE_OFFLINE: "Connection lost",
    EventType.MICROPHONE_MUTED: "Microphone silent",
    EventType.LOW_FRAME_RATE: "Few pictures per second",
    EventType.ANALYSIS_DEGRADED: "Analysis limited",
    EventType.NODE_FAILOVER: "Moved to another node",
    EventType.CLOCK_SKEW: "Clocks differ",
    EventType.ALERT_GAP: "Alerts missing",
    EventType.VIRTUAL_CAMERA_SUSPECTED: "Camera may be a program",
    EventType.PROCTOR_MESSAGE: "Message to the candidate",
    EventType.PROCTOR_PAUSE: "Paused",
    EventType.PROCTOR_RESUME: "Resumed",
    EventType.PROCTOR_EXTRA_TIME: "Extra time given",
    EventType.PROCTOR_FLAG: "Flagged",
    EventType.PROCTOR_TERMINATE: "Ended by a proctor",
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
