"""What the candidate reads when something was found: gentle, without any score, threshold or reproach."""

from __future__ import annotations

from collections.abc import Mapping

from edge.rules.findings import Finding, Phase
from shared.events.types import EventType


def message(finding: Finding) -> str:
    """What the candidate reads; empty where there is nothing to tell."""
    raised, over = _MESSAGES.get(finding.event, ("", ""))
    return raised if finding.phase is Phase.RAISED else over


_SEEN_AGAIN = "Thank you, we can see you again."
_LOOK_BACK = "You seem to be looking away. Please look at your screen."
_THANKS = "Thank you."
_MESSAGES: Mapping[EventType, tuple[str, str]] = {
    EventType.MULTIPLE_FACES: (
        "More than one person seems to be in the picture. Please make sure that you sit alone.",
        "Thank you, you are alone in the picture again.",
    ),
    EventType.FACE_NOT_FOUND: (
        "We cannot see your face. Please sit so that the camera sees you.",
        _SEEN_AGAIN,
    ),
    EventType.PRESENCE_LOSS: (
        "You look far away. Please sit as close to the camera as at the start.",
        "Thank you, you are close enough again.",
    ),
    EventType.FACE_MISMATCH: (
        "We could not confirm that it is you. Please look into the camera; somebody will have a look.",
        "Thank you, we could confirm that it is you.",
    ),
    EventType.IDENTITY_UNVERIFIED: (
        "We cannot make out your face well enough. More light helps; please face the camera.",
        "Thank you, we can make out your face again.",
    ),
    EventType.LEFT_FRAME: (
        "We cannot see you. Please sit so that the camera sees your head and shoulders.",
        _SEEN_AGAIN,
    ),
    EventType.VOICE_DETECTED: (
        "We hear talking. Please keep the room quiet.",
        "Thank you, the room is quiet again.",
    ),
    EventType.PRESENTATION_ATTACK: (
        "We cannot be sure that the camera sees you directly. Please face it; somebody will have a look.",
        "Thank you, the camera sees you well again.",
    ),
    EventType.GAZE_OFF_SCREEN: (_LOOK_BACK, _THANKS),
    EventType.PROLONGED_LOOK_AWAY: (_LOOK_BACK, _THANKS),
    EventType.FREQUENT_DISTRACTION: (
        "You have often looked away from your screen. Please keep your eyes on it where you can.",
        _THANKS,
    ),
    EventType.HEAD_DOWN: (
        "Your head is low in the picture. Please look up to your screen.",
        _THANKS,
    ),
    EventType.HEAD_TURNED_AWAY: (_LOOK_BACK, _THANKS),
    EventType.SUSPICIOUS_MOVEMENT: (
        "There is a lot of movement in the picture. Please sit as still as is comfortable.",
        _THANKS,
    ),
    EventType.HAND_NEAR_EAR: (
        "Your hand seems to be at your ear. Please keep your hands where they usually are.",
        _THANKS,
    ),
    EventType.MULTIPLE_PERSONS: (
        "More than one person seems to be in the picture. Please make sure that you sit alone.",
        "Thank you, you are alone in the picture again.",
    ),
    EventType.PHONE_VISIBLE: (
        "A phone seems to be in the picture. Please put it out of reach.",
        "Thank you, no phone is to be seen any more.",
    ),
    EventType.BOOK_VISIBLE: (
        "A book seems to be in the picture. Please put it away unless your exam allows it.",
        "Thank you, no book is to be seen any more.",
    ),
    EventType.MULTIPLE_SPEAKERS: (
        "We hear more than one voice. Please make sure that you sit alone.",
        "Thank you, the room is quiet again.",
    ),
    EventType.AUDIO_ANOMALY: (
        "We hear an unusual sound. Please keep the room quiet.",
        "Thank you, the room is quiet again.",
    ),
    EventType.KEYWORD_SPOKEN: (
        "Please do not speak during the exam.",
        "Thank you, the room is quiet again.",
    ),
    EventType.HIGH_CONFIDENCE_CHEATING: (
        "Somebody will have a look at your picture. You need not do anything.",
        "Thank you for your patience.",
    ),
    EventType.CAMERA_FROZEN: (
        "Your camera's picture does not move. Please check the camera.",
        "Thank you, the camera's picture moves again.",
    ),
    EventType.MICROPHONE_MUTED: (
        "We hear nothing at all from your microphone. Please check that it is on.",
        "Thank you, we hear your microphone again.",
    ),
    EventType.LOW_FRAME_RATE: (
        "Few whole pictures of your camera reach us. Your exam goes on; closing other programs may help.",
        "Your camera's pictures reach us well again.",
    ),
    EventType.CAMERA_BLOCKED: (
        "The camera's picture is dark. Please check that nothing covers it.",
        "Thank you, the camera's picture is back.",
    ),
    EventType.STREAM_STALLED: (
        "Your picture has not reached us for a moment. Your exam goes on while we reconnect.",
        "Your picture is back.",
    ),
    EventType.CANDIDATE_OFFLINE: (
        "We have lost the connection. Your exam goes on; please check your network.",
        "The connection is back.",
    ),
    EventType.ANALYSIS_DEGRADED: (
        "Part of the analysis has a technical problem on our side. You need not do anything.",
        "The technical problem on our side is solved.",
    ),
}
