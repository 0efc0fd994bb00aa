"""The tasks of networks, and what each does in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Task(StrEnum):
    """A task of a network. The list is closed: no task detects feelings or intentions.

    These are tasks of single networks; `shared.events.looks.Look` says what a session looks at, which may
    need several networks.
    """

    FACE_DETECTION = "face-detection"
    FACE_MESH = "face-mesh"
    IRIS = "iris"
    HEAD_POSE = "head-pose"
    GAZE = "gaze"
    FACE_RECOGNITION = "face-recognition"
    BODY_DETECTION = "body-detection"
    BODY_POSE = "body-pose"
    LIVENESS = "liveness"
    OBJECTS = "objects"
    VOICE_ACTIVITY = "voice-activity"
    SOUND_CLASSES = "sound-classes"
    SPEAKER_EMBEDDING = "speaker-embedding"
    SPEECH_RECOGNITION = "speech-recognition"


DOES: Final[Mapping[Task, str]] = MappingProxyType(
    {
        Task.FACE_DETECTION: "finds faces in a picture",
        Task.FACE_MESH: "finds points of a face: eyes, nose, mouth, outline",
        Task.IRIS: "finds the irises of the eyes",
        Task.HEAD_POSE: "estimates which way a head is turned",
        Task.GAZE: "estimates in which direction the eyes look",
        Task.FACE_RECOGNITION: "compares a face with the enrolled pictures of one person",
        Task.BODY_DETECTION: "finds a body in a picture",
        Task.BODY_POSE: "finds points of an upper body: shoulders, elbows, hands",
        Task.LIVENESS: "estimates whether a face is real or a picture of one",
        Task.OBJECTS: "finds persons, telephones, books and laptops in a picture",
        Task.VOICE_ACTIVITY: "estimates whether somebody speaks",
        Task.SOUND_CLASSES: "recognises kinds of sound: typing, a telephone, a door, whispering",
        Task.SPEAKER_EMBEDDING: "tells voices apart, to count them",
        Task.SPEECH_RECOGNITION: "listens for the phrases of an exam's list, or writes down what is said",
    }
)
"""For the public pages: `A network that …`."""
