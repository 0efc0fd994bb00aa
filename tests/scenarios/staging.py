"""What is before the camera while something is staged: the candidate's own footage, changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from models.results import Mesh
from tests.scenarios.heads import Fit, Turn, eyes_turned, turned
from tests.scenarios.performers import HEIGHT_PX, WIDTH_PX, Image, Performer


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays in one exam."""

    candidate: Performer
    other: Performer
    fit: Fit
    """Finds the candidate's mesh, for turning the head."""


Picture = Callable[[Cast, float, float], Image]
"""From the cast, the exam's time (s) and how far the act has come (0…1) to what is before the camera."""
BLUR_PX = 6.0
"""Standard deviation of the blur of a camera that is out of focus."""


def swapped(cast: Cast, at_s: float, come: float) -> Image:
    if come < 0.5:
        return _aside(cast.candidate, at_s, 2 * come)
    return _aside(cast.other, at_s, 2 - 2 * come)


def left(cast: Cast, at_s: float, come: float) -> Image:
    return _aside(cast.candidate, at_s, come)


def _aside(person: Performer, at_s: float, gone: float) -> Image:
    """A person who has gone this share of the way out of the picture, to the left."""
    return _shifted(person.view(at_s), -WIDTH_PX * gone, person.empty)


def beside(cast: Cast, at_s: float, come: float) -> Image:
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


def defocused(cast: Cast, at_s: float, come: float) -> Image:
    """The camera loses its focus. In the dark a recogniser can still tell, down to where a camera counts as
    blocked."""
    view = cast.candidate.view(at_s)
    return np.asarray(cv2.GaussianBlur(view, (0, 0), BLUR_PX * come), np.uint8) if come > 0 else view


def covered(cast: Cast, at_s: float, come: float) -> Image:
    """A finger over the lens: nearly black, a little red."""
    finger = np.full((HEIGHT_PX, WIDTH_PX, 3), (2, 2, 9), np.uint8)
    view = cast.candidate.view(at_s)
    return np.asarray(cv2.addWeighted(view, 1 - come, finger, come, 0), np.uint8)


def hand_at_ear(cast: Cast, at_s: float, come: float) -> Image:
    lifted = cast.candidate.hand_up
    if lifted is None:
        raise ValueError(f"{cast.candidate.name} has no footage of a lifted hand")
    return lifted(at_s) if come >= 0.5 else cast.candidate.view(at_s)


def turning(turn: Turn) -> Picture:
    """The head turns so far, and back."""

    def picture(cast: Cast, at_s: float, come: float) -> Image:
        view = cast.candidate.view(at_s)
        return turned(view, cast.fit(view), Turn(turn.pitch_deg * come, turn.yaw_deg * come))

    return picture


def looking(head: Turn, eyes: Turn) -> Picture:
    """Head and eyes go aside together."""

    def picture(cast: Cast, at_s: float, come: float) -> Image:
        view = cast.candidate.view(at_s)
        mesh = cast.fit(view)
        aside = eyes_turned(view, mesh, Turn(eyes.pitch_deg * come, eyes.yaw_deg * come))
        return turned(aside, mesh, Turn(head.pitch_deg * come, head.yaw_deg * come))

    return picture


def telephone(cast: Cast, at_s: float, come: float) -> Image:
    """A drawn telephone, held across and lit, comes up beside the chin."""
    view = cast.candidate.view(at_s)
    height_px, width_px = 84, 168
    phone = np.full((height_px, width_px, 3), (28, 26, 25), np.uint8)
    fade = np.linspace(0, 1, width_px - 16)[None, :, None]
    screen = np.array([150, 90, 40]) * (1 - fade) + np.array([210, 160, 200]) * fade
    phone[4:-4, 8:-8] = np.broadcast_to(screen, (height_px - 8, width_px - 16, 3)).astype(np.uint8)
    for number in range(12):
        x, y = 26 + number // 3 * 36, 20 + number % 3 * 22
        cv2.rectangle(phone, (x - 7, y - 7), (x + 7, y + 7), (240 - 9 * number, 130, 90 + 9 * number), -1)
    matrix = np.asarray(cv2.getRotationMatrix2D((width_px / 2, height_px / 2), -10, 1.0), np.float64)
    matrix[:, 2] += np.array([390 + 3 * np.sin(at_s * 1.9), 325 + (1 - come) * 170])
    size = (WIDTH_PX, HEIGHT_PX)
    covers = cv2.warpAffine(np.full((height_px, width_px), 255, np.uint8), matrix, size)
    drawn = cv2.warpAffine(phone, matrix, size)
    weight = cv2.GaussianBlur(covers, (0, 0), 0.8)[:, :, None] / 255
    return np.asarray(view * (1 - weight) + drawn * weight, np.uint8)


def printed(cast: Cast, at_s: float, come: float) -> Image:
    """A printed portrait of the candidate, held up before the empty chair by somebody unseen."""
    view = cast.candidate.view(0.0)
    return _held_up(cast, _page(view, cast.fit(view)), at_s, come)


def on_a_screen(cast: Cast, at_s: float, come: float) -> Image:
    """The candidate's face, played on a telephone that is held up before the empty chair."""
    portrait = cast.candidate.view(0.0)[:, 80:560]
    face = cv2.resize(portrait, None, fx=0.45, fy=0.45, interpolation=cv2.INTER_AREA)
    rows, columns = np.indices(face.shape[:2])
    # The screen's grid beats against the sensor's, and its white is bluish.
    grid = np.sin(2 * np.pi * (columns * 0.31 + rows * 0.02)) * np.sin(2 * np.pi * rows * 0.29)
    glow = cv2.convertScaleAbs(face, alpha=1.1, beta=15) * np.array([1.12, 1.0, 1.0])
    lit = np.clip(glow * (1 + 0.06 * grid[:, :, None]), 0, 255).astype(np.uint8)
    phone = cv2.copyMakeBorder(lit, 16, 16, 16, 16, cv2.BORDER_CONSTANT, value=(15, 15, 15))
    return _held_up(cast, phone, at_s, come)


def _held_up(cast: Cast, thing: Image, at_s: float, come: float) -> Image:
    """The empty chair, and before it something flat in an unsteady hand."""
    height_px, width_px = thing.shape[:2]
    left = (WIDTH_PX - width_px) // 2 + round(4 * np.sin(at_s * 1.7))
    top = (HEIGHT_PX - height_px) // 2 + round(3 * np.sin(at_s * 2.3) + (1 - come) * HEIGHT_PX * 0.75)
    scene = _shifted(cast.candidate.view(at_s), -WIDTH_PX * come, cast.candidate.empty)
    high = max(0, min(height_px, HEIGHT_PX - top))
    scene[top : top + high, left : left + width_px] = thing[:high]
    return scene


def _page(view: Image, mesh: Mesh) -> Image:
    """A portrait as an office printer prints it: paler, softer, ruled with its raster, on white paper.

    The face has the share of the paper that a passport's picture gives it (chin to crown 70 to 80 % of the
    height, ICAO 9303; the mesh ends below the hair), and the paper its edges in the camera's picture.
    """
    left, top = mesh.points_px[:, :2].min(axis=0)
    right, bottom = mesh.points_px[:, :2].max(axis=0)
    size_px = (round(1.28 * (bottom - top)), round(1.6 * (bottom - top)))
    portrait = cv2.getRectSubPix(view, size_px, (float(left + right) / 2, float(top + bottom) / 2))
    soft = cv2.GaussianBlur(portrait, (0, 0), 1.1)
    pale = cv2.convertScaleAbs(soft, alpha=0.72, beta=48)
    raster = np.where((np.indices(pale.shape[:2]).sum(axis=0) % 3) == 0, 0.95, 1.0)[:, :, None]
    printed = cv2.resize((pale * raster).astype(np.uint8), (170, 212), interpolation=cv2.INTER_AREA)
    page = cv2.copyMakeBorder(printed, 14, 14, 14, 14, cv2.BORDER_CONSTANT, value=(236, 238, 238))
    return np.asarray(page, np.uint8)
