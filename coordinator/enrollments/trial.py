"""Gives the results of the check before the exam in words for the candidate, without measurement or score.
Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from shared.api.faces import CameraTried, MicrophoneTried, PracticeOutcome, Tried

LEAST_WIDTH_PX: Final = 640
LEAST_HEIGHT_PX: Final = 480
LEAST_FPS: Final = 10.0
"""The least frames per second; the page asks for 15."""
LEAST_PEAK_DBFS: Final = -50.0
"""The least peak of sound. Speech at arm's length is about 20 dB above it, an unplugged input 20 dB below."""


@dataclass(frozen=True, slots=True)
class FaceTried:
    """The result of the picture."""

    advice: Sequence[str]
    """The remedies of its failed checks; empty if it passed."""
    alike: bool | None
    """Whether it is the enrolled face; None if no check was possible."""


def outcomes(
    camera: CameraTried | None, microphone: MicrophoneTried | None, face: FaceTried | None
) -> list[PracticeOutcome]:
    """One result for each part that can be checked."""
    return [
        _outcome("camera", None if camera is None else _camera(camera)),
        _outcome("microphone", None if microphone is None else _microphone(microphone)),
        _outcome("face", None if face is None else list(face.advice)),
        _outcome("identity", _identity(face)),
    ]


def _outcome(check: Tried, advice: list[str] | None) -> PracticeOutcome:
    if advice is None:
        return PracticeOutcome(check=check, outcome="unknown", advice=[])
    return PracticeOutcome(check=check, outcome="advice" if advice else "ok", advice=advice)


def _camera(camera: CameraTried) -> list[str]:
    advice = []
    if camera.width < LEAST_WIDTH_PX or camera.height < LEAST_HEIGHT_PX:
        advice.append("The camera's picture is small. Choose another camera, if you have one.")
    if camera.frames_per_second < LEAST_FPS:
        advice.append("The picture does not move smoothly. Turn on more light and close other programs.")
    return advice


def _microphone(microphone: MicrophoneTried) -> list[str]:
    if microphone.muted:
        return ["The microphone is muted. Unmute it, on the device as well."]
    if microphone.peak_dbfs < LEAST_PEAK_DBFS:
        return ["We hear almost nothing. Choose another microphone or raise its level, and speak."]
    return []


def _identity(face: FaceTried | None) -> list[str] | None:
    if face is None or face.alike is None:
        return None
    if face.alike:
        return []
    return ["This picture is not similar to those you enrolled with. Face the light, or enroll again."]
