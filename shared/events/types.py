"""The closed lists of events: names, classes, who raises them, advice.

The properties of each event are in `shared.events.table`.

Classes separate kinds of facts: `conduct` and `identity` are observations for a person to judge, `technical`
is a fault of machines and networks and never adds suspicion, `milestone` is a neutral step of the exam,
`proctor` is an act of a person. Nothing here infers emotion, stress, attention or engagement.
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
    """A queue of alerts, with its own sequence per node. At a limit technical alerts are dropped first."""

    CONDUCT = "conduct"
    TECHNICAL = "technical"


class Raiser(StrEnum):
    """Who raises an event."""

    NODE = "node"
    """The node's rules over observations."""
    COORDINATOR = "coordinator"
    PROCTOR = "proctor"
    """A person's act."""
    PAGE = "page"
    """The node, from what the candidate's page reports about itself."""


class Feature(StrEnum):
    """A feature that an exam enables or disables, named like a field of `shared.policy.terms.Features`."""

    FACE_VERIFICATION = "face_verification"
    GAZE_TRACKING = "gaze_tracking"
    POSE_ANALYSIS = "pose_analysis"
    AUDIO_MONITORING = "audio_monitoring"
    SPEECH_TRANSCRIPTION = "speech_transcription"
    """Needs the candidate's own opt-in as well."""


class EventType(StrEnum):
    """All events."""

    MULTIPLE_FACES = "MULTIPLE_FACES"
    FACE_NOT_FOUND = "FACE_NOT_FOUND"
    PRESENCE_LOSS = "PRESENCE_LOSS"
    FACE_MISMATCH = "FACE_MISMATCH"
    IDENTITY_UNVERIFIED = "IDENTITY_UNVERIFIED"
    PRESENTATION_ATTACK = "PRESENTATION_ATTACK"
    GAZE_OFF_SCREEN = "GAZE_OFF_SCREEN"
    PROLONGED_LOOK_AWAY = "PROLONGED_LOOK_AWAY"
    FREQUENT_DISTRACTION = "FREQUENT_DISTRACTION"
    HEAD_DOWN = "HEAD_DOWN"
    HEAD_TURNED_AWAY = "HEAD_TURNED_AWAY"
    SUSPICIOUS_MOVEMENT = "SUSPICIOUS_MOVEMENT"
    LEFT_FRAME = "LEFT_FRAME"
    HAND_NEAR_EAR = "HAND_NEAR_EAR"
    MULTIPLE_PERSONS = "MULTIPLE_PERSONS"
    PHONE_VISIBLE = "PHONE_VISIBLE"
    BOOK_VISIBLE = "BOOK_VISIBLE"
    VOICE_DETECTED = "VOICE_DETECTED"
    MULTIPLE_SPEAKERS = "MULTIPLE_SPEAKERS"
    AUDIO_ANOMALY = "AUDIO_ANOMALY"
    KEYWORD_SPOKEN = "KEYWORD_SPOKEN"
    HIGH_CONFIDENCE_CHEATING = "HIGH_CONFIDENCE_CHEATING"

    CAMERA_BLOCKED = "CAMERA_BLOCKED"
    CAMERA_FROZEN = "CAMERA_FROZEN"
    STREAM_STALLED = "STREAM_STALLED"
    CANDIDATE_OFFLINE = "CANDIDATE_OFFLINE"
    MICROPHONE_MUTED = "MICROPHONE_MUTED"
    LOW_FRAME_RATE = "LOW_FRAME_RATE"
    UNWATCHED = "UNWATCHED"
    ANALYSIS_DEGRADED = "ANALYSIS_DEGRADED"
    NOT_JUDGED = "NOT_JUDGED"
    NODE_FAILOVER = "NODE_FAILOVER"
    CLOCK_SKEW = "CLOCK_SKEW"
    ALERT_GAP = "ALERT_GAP"
    VIRTUAL_CAMERA_SUSPECTED = "VIRTUAL_CAMERA_SUSPECTED"
    SECOND_DEVICE = "SECOND_DEVICE"
    PICTURE_IN_VIEW = "PICTURE_IN_VIEW"

    NOTICE_ACKNOWLEDGED = "NOTICE_ACKNOWLEDGED"
    CONSENT_WITHDRAWN = "CONSENT_WITHDRAWN"
    CONSENT_RENEWED = "CONSENT_RENEWED"
    ENROLLED = "ENROLLED"
    CHECKED = "CHECKED"
    SESSION_STARTED = "SESSION_STARTED"
    CALIBRATED = "CALIBRATED"
    SUBMITTED = "SUBMITTED"
    SESSION_ENDED = "SESSION_ENDED"

    PROCTOR_MESSAGE = "PROCTOR_MESSAGE"
    PROCTOR_PAUSE = "PROCTOR_PAUSE"
    PROCTOR_RESUME = "PROCTOR_RESUME"
    PROCTOR_EXTRA_TIME = "PROCTOR_EXTRA_TIME"
    PROCTOR_FLAG = "PROCTOR_FLAG"
    PROCTOR_TERMINATE = "PROCTOR_TERMINATE"
