"""What is staged: each act with what must come of it, and its twin that must stay in peace.

A twin is the same act too short for its rule's hold, or one that only looks alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from shared.events import EventType as E
from tests.scenarios.performers import HEIGHT_PX, WIDTH_PX, Image, Performer

MOVE_S = 0.8
"""How long it takes to come or go."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays in one exam."""

    candidate: Performer
    other: Performer


Picture = Callable[[Cast, float, float], Image]
"""From the cast, the exam's time (s) and how far the act has come (0…1) to what is before the camera."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One staged behaviour."""

    behaviour: str
    lasts_s: float
    twin_s: float
    """How long its twin lasts; 0: it has none."""
    wanted: tuple[E, ...]
    allowed: tuple[E, ...] = ()
    picture: Picture | None = None
    sound: str | None = None
    """A sound of the library, or "nothing" for digital silence."""
    twin_sound: str | None = None
    freezes: bool = False
    """The camera sends one picture over and over."""
    settles_s: float = MOVE_S / 2
    """From its beginning until its condition holds."""
    needs_hand: bool = False
    """Only a performer with footage of a lifted hand can play it."""


def share(at_s: float, begins_s: float, ends_s: float) -> float:
    """0 outside, 1 well inside, an eased path in the first and last `MOVE_S`."""
    step = min(1.0, max(0.0, min(at_s - begins_s, ends_s - at_s) / MOVE_S))
    return step * step * (3 - 2 * step)


def _swapped(cast: Cast, at_s: float, come: float) -> Image:
    if come < 0.5:
        return _aside(cast.candidate, at_s, 2 * come)
    return _aside(cast.other, at_s, 2 - 2 * come)


def _left(cast: Cast, at_s: float, come: float) -> Image:
    return _aside(cast.candidate, at_s, come)


def _aside(person: Performer, at_s: float, gone: float) -> Image:
    """A person who has gone this share of the way out of the picture, to the left."""
    return _shifted(person.view(at_s), -WIDTH_PX * gone, person.empty)


def _beside(cast: Cast, at_s: float, come: float) -> Image:
    """The candidate makes room on the left, the other comes in from the right."""
    picture = _shifted(cast.candidate.view(at_s), -150 * come, None)
    border = round(WIDTH_PX - 320 * come)
    visitor = _shifted(cast.other.view(at_s + 1.3), 170 + 320 * (1 - come), None)
    picture[:, border:] = visitor[:, border:]
    return picture


def _shifted(picture: Image, by_px: float, behind: Image | None) -> Image:
    matrix = np.array([[1, 0, by_px], [0, 1, 0]], np.float32)
    if behind is None:
        moved = cv2.warpAffine(picture, matrix, (WIDTH_PX, HEIGHT_PX), borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(moved, np.uint8)
    canvas = behind.copy()
    moved = cv2.warpAffine(
        picture, matrix, (WIDTH_PX, HEIGHT_PX), dst=canvas, borderMode=cv2.BORDER_TRANSPARENT
    )
    return np.asarray(moved, np.uint8)


def _darkened(cast: Cast, at_s: float, come: float) -> Image:
    return np.asarray(cv2.convertScaleAbs(cast.candidate.view(at_s), alpha=1 - 0.82 * come), np.uint8)


def _covered(cast: Cast, at_s: float, come: float) -> Image:
    """A finger over the lens: nearly black, a little red."""
    finger = np.full((HEIGHT_PX, WIDTH_PX, 3), (2, 2, 9), np.uint8)
    view = cast.candidate.view(at_s)
    return np.asarray(cv2.addWeighted(view, 1 - come, finger, come, 0), np.uint8)


def _hand_at_ear(cast: Cast, at_s: float, come: float) -> Image:
    lifted = cast.candidate.hand_up
    if lifted is None:
        raise ValueError(f"{cast.candidate.name} has no footage of a lifted hand")
    return lifted(at_s) if come >= 0.5 else cast.candidate.view(at_s)


def _printed(cast: Cast, at_s: float, come: float) -> Image:
    """A printed photograph of the candidate, held up before the camera by somebody unseen."""
    scene = cast.candidate.view(at_s)
    page = _page(cast.candidate.view(0.0))
    height_px, width_px = page.shape[:2]
    left = (WIDTH_PX - width_px) // 2 + round(4 * np.sin(at_s * 1.7))
    top = round(30 + 3 * np.sin(at_s * 2.3) + (1 - come) * HEIGHT_PX)
    rows = max(0, min(height_px, HEIGHT_PX - top))
    if rows:
        scene = scene.copy()
        scene[top : top + rows, left : left + width_px] = page[:rows]
    return scene


def _page(portrait: Image) -> Image:
    """A picture as an office printer prints it: paler, softer, ruled with its raster, on white paper."""
    soft = cv2.GaussianBlur(portrait[:, 80:560], (0, 0), 1.1)
    pale = cv2.convertScaleAbs(soft, alpha=0.72, beta=48)
    raster = np.where((np.indices(pale.shape[:2]).sum(axis=0) % 3) == 0, 0.95, 1.0)[:, :, None]
    printed = cv2.resize((pale * raster).astype(np.uint8), (420, 420), interpolation=cv2.INTER_AREA)
    page = cv2.copyMakeBorder(printed, 14, 14, 14, 14, cv2.BORDER_CONSTANT, value=(236, 238, 238))
    return np.asarray(page[:440], np.uint8)


_AWAY = (E.PRESENCE_LOSS, E.HEAD_TURNED_AWAY, E.GAZE_OFF_SCREEN, E.PROLONGED_LOOK_AWAY)
_MOVED = (E.SUSPICIOUS_MOVEMENT,)

ACTS: tuple[Act, ...] = (
    Act(
        behaviour="somebody else takes the seat",
        lasts_s=12,
        twin_s=0,
        wanted=(E.FACE_MISMATCH,),
        allowed=(E.PRESENCE_LOSS, *_MOVED),
        picture=_swapped,
    ),
    Act(
        behaviour="a second person",
        lasts_s=9,
        twin_s=2.6,
        wanted=(E.MULTIPLE_FACES,),
        allowed=(E.MULTIPLE_PERSONS, E.PRESENCE_LOSS, *_MOVED),
        picture=_beside,
    ),
    Act(
        behaviour="leaving the seat",
        lasts_s=11,
        twin_s=4.5,
        wanted=(E.FACE_NOT_FOUND, E.LEFT_FRAME),
        allowed=(*_AWAY, *_MOVED),
        picture=_left,
    ),
    Act(
        behaviour="hand at the ear",
        lasts_s=9,
        twin_s=2.5,
        wanted=(E.HAND_NEAR_EAR,),
        allowed=(*_MOVED, E.HEAD_TURNED_AWAY, E.GAZE_OFF_SCREEN),
        picture=_hand_at_ear,
        needs_hand=True,
    ),
    Act(
        behaviour="printed photograph",
        lasts_s=26,
        twin_s=0,
        wanted=(E.PRESENTATION_ATTACK,),
        allowed=(E.LEFT_FRAME, E.PRESENCE_LOSS, E.FACE_MISMATCH, E.FACE_NOT_FOUND, *_MOVED),
        picture=_printed,
        settles_s=MOVE_S,
    ),
    Act(
        behaviour="a voice",
        lasts_s=8,
        twin_s=1.0,
        wanted=(E.VOICE_DETECTED,),
        allowed=(E.MULTIPLE_SPEAKERS,),
        sound="voice",
        twin_sound="word",
        settles_s=0.3,
    ),
    Act(
        behaviour="a second voice",
        lasts_s=14,
        twin_s=0,
        wanted=(E.MULTIPLE_SPEAKERS, E.VOICE_DETECTED),
        allowed=(),
        sound="voices",
        settles_s=0.3,
    ),
    Act(
        behaviour="telephone ringing",
        lasts_s=7,
        twin_s=0,
        wanted=(E.AUDIO_ANOMALY,),
        sound="ring",
        settles_s=0.2,
    ),
    Act(
        behaviour="typing",
        lasts_s=8,
        twin_s=8,
        wanted=(E.AUDIO_ANOMALY,),
        sound="typing",
        twin_sound="rain",
        settles_s=0.3,
    ),
    Act(
        behaviour="digital silence",
        lasts_s=15,
        twin_s=7,
        wanted=(E.MICROPHONE_MUTED,),
        sound="nothing",
        twin_sound="nothing",
        settles_s=0.0,
    ),
    Act(
        behaviour="dark",
        lasts_s=38,
        twin_s=20,
        wanted=(E.IDENTITY_UNVERIFIED,),
        picture=_darkened,
    ),
    Act(
        behaviour="camera blocked",
        lasts_s=8,
        twin_s=2.5,
        wanted=(E.CAMERA_BLOCKED,),
        picture=_covered,
    ),
    Act(
        behaviour="camera frozen",
        lasts_s=15,
        twin_s=6,
        wanted=(E.CAMERA_FROZEN,),
        freezes=True,
        settles_s=0.0,
    ),
)
