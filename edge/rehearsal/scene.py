"""Composes one frame: the room, the people in it, and the effects of a webcam."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.rehearsal.faces import Cutout, Image
from edge.rehearsal.room import ROOM_HEIGHT_PX, ROOM_WIDTH_PX, draw_room
from edge.rehearsal.script import HEIGHT_PX, WIDTH_PX, Camera, Figure, Person

Matrix = NDArray[np.float64]

_ROOM_TO_PICTURE = (
    (1, 0, (WIDTH_PX - ROOM_WIDTH_PX) / 2),
    (0, 1, (HEIGHT_PX - ROOM_HEIGHT_PX) / 2),
    (0, 0, 1),
)
_OPTICS_BLUR_PX = 0.4
_NOISE_LEVELS = 2.6
_NOISE_FIELDS = 12
_NOISE_MARGIN_PX = 64
_BAND_PX = 60
_REACH_PX = 4
"""How far beyond its outline a person's colours are spread where it is enlarged."""


class Scene:
    """Renders frames. The same seed and the same calls in the same order give the same pixels."""

    def __init__(self, people: dict[Person, Cutout], seed: int) -> None:
        self._people = people
        self._rng = np.random.default_rng(seed)
        self._room = draw_room(self._rng)
        self._seen_by: Matrix | None = None
        self._seen = self._room
        self._noise = [self._noise_field() for _ in range(_NOISE_FIELDS)]
        self._columns = np.arange(WIDTH_PX, dtype=np.float32)[None, :]
        self._rows = np.arange(HEIGHT_PX, dtype=np.float32)[:, None]

    def frame(self, figures: tuple[Figure, ...], camera: Camera) -> Image:
        """One BGR frame of 480×640×3; the first figure is at the back."""
        view = _camera_matrix(camera)
        picture = self._room_seen(view).copy()
        for figure in figures:
            self._lay(picture, figure, view)
        return self._sensed(picture, camera.gain)

    def _room_seen(self, view: Matrix) -> Image:
        """The room, which a camera that stands still sees as before."""
        if self._seen_by is None or not np.array_equal(self._seen_by, view):
            centred = view @ np.array(_ROOM_TO_PICTURE)
            size = (WIDTH_PX, HEIGHT_PX)
            room = cv2.warpAffine(self._room, centred[:2], size, borderMode=cv2.BORDER_REPLICATE)
            self._seen_by, self._seen = view, np.asarray(room, np.uint8)
        return self._seen

    def _lay(self, picture: Image, figure: Figure, view: Matrix) -> None:
        """Draw one person over the picture."""
        cutout = self._people[figure.person]
        back = np.linalg.inv(view @ _figure_matrix(figure, cutout)).astype(np.float32)
        x = back[0, 0] * self._columns + back[0, 1] * self._rows + back[0, 2]
        y = back[1, 0] * self._columns + back[1, 1] * self._rows + back[1, 2]
        # 1 for the head, 0 for the body, between them for the neck: the head moves, the shoulders stay.
        head = np.clip((cutout.collar_y_px - y) / (cutout.collar_y_px - cutout.chin_y_px), 0, 1)
        head *= head * (3 - 2 * head)
        x -= figure.turn_px * head
        y -= figure.nod_px * head
        alpha = cv2.remap(cutout.alpha, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        for part in _covered(np.asarray(alpha, np.uint8)):
            colour = cv2.remap(
                cutout.colour, x[part], y[part], cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT
            )
            through = cv2.cvtColor(cv2.bitwise_not(alpha[part]), cv2.COLOR_GRAY2BGR)
            picture[part] = cv2.add(cv2.multiply(picture[part], through, scale=1 / 255), colour)

    def _sensed(self, picture: Image, gain: float) -> Image:
        """Add the effects of a cheap sensor: exposure, optics, noise."""
        exposed = cv2.convertScaleAbs(cv2.GaussianBlur(picture, (0, 0), _OPTICS_BLUR_PX), alpha=gain)
        brighter, darker = self._noise[int(self._rng.integers(_NOISE_FIELDS))]
        left, top = (int(n) for n in self._rng.integers(_NOISE_MARGIN_PX, size=2))
        part = np.s_[top : top + HEIGHT_PX, left : left + WIDTH_PX]
        return np.asarray(cv2.subtract(cv2.add(exposed, brighter[part]), darker[part]), np.uint8)

    def _noise_field(self) -> tuple[Image, Image]:
        """Sensor noise as bytes to add and bytes to subtract, which is faster than signed numbers."""
        shape = (HEIGHT_PX + _NOISE_MARGIN_PX, WIDTH_PX + _NOISE_MARGIN_PX)
        luma = self._rng.normal(0, _NOISE_LEVELS, (*shape, 1))
        noise = luma + self._rng.normal(0, _NOISE_LEVELS / 2, (*shape, 3))
        return np.clip(noise, 0, 255).astype(np.uint8), np.clip(-noise, 0, 255).astype(np.uint8)


def _covered(alpha: Image) -> Iterator[tuple[slice, slice]]:
    """Parts of the picture, one below the other, outside of which nobody is drawn."""
    for top in range(0, HEIGHT_PX, _BAND_PX):
        rows = alpha[max(0, top - _REACH_PX) : top + _BAND_PX + _REACH_PX]
        columns = np.flatnonzero(rows.any(axis=0))
        if len(columns):
            left, right = max(0, int(columns[0]) - _REACH_PX), int(columns[-1]) + 1 + _REACH_PX
            yield slice(top, top + _BAND_PX), slice(left, right)


def _camera_matrix(camera: Camera) -> Matrix:
    centre = (WIDTH_PX / 2, HEIGHT_PX / 2)
    turned = np.asarray(cv2.getRotationMatrix2D(centre, camera.roll_deg, camera.zoom), np.float64)
    turned[:, 2] += (camera.x_px, camera.y_px)
    return np.vstack([turned, [0, 0, 1]])


def _figure_matrix(figure: Figure, cutout: Cutout) -> Matrix:
    """Maps portrait pixels to picture pixels. The body turns about its collar, so a roll moves the head."""
    pivot = (float(cutout.face[0]), float(cutout.collar_y_px))
    # OpenCV's angles count anticlockwise on the screen; a roll to the right of the picture is clockwise.
    turned = np.asarray(cv2.getRotationMatrix2D(pivot, -figure.roll_deg, figure.scale), np.float64)
    upright_face_y = pivot[1] - (pivot[1] - cutout.face[1]) * figure.scale
    turned[:, 2] += (figure.x_px - pivot[0], figure.y_px - upright_face_y)
    return np.vstack([turned, [0, 0, 1]])
