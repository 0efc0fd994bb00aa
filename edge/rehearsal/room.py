"""Draws the rehearsal's room: a wall, a window, a shelf and an empty chair, out of focus.

It is drawn, not photographed, so that it certainly shows no person and has no copyright of others.
"""

from __future__ import annotations

import cv2
import numpy as np

from edge.rehearsal.faces import Image

ROOM_WIDTH_PX = 760
ROOM_HEIGHT_PX = 580
"""Larger than the picture, so that a moving camera does not see the room's edge."""

_WALL = (186, 196, 201)
_FLOOR = (96, 116, 138)
_WOOD = (78, 108, 146)
_BOOKS = ((62, 66, 148), (126, 92, 58), (84, 122, 74), (52, 118, 176), (142, 138, 132), (70, 58, 92))
_CHAIR = (66, 62, 60)


def draw_room(rng: np.random.Generator) -> Image:
    """The empty room, BGR, ROOM_HEIGHT_PX × ROOM_WIDTH_PX; books and grain differ with the seed."""
    room = np.empty((ROOM_HEIGHT_PX, ROOM_WIDTH_PX, 3), np.uint8)
    room[:] = _WALL
    cv2.rectangle(room, (0, 505), (ROOM_WIDTH_PX, ROOM_HEIGHT_PX), _FLOOR, -1)
    cv2.rectangle(room, (0, 496), (ROOM_WIDTH_PX, 508), (206, 212, 214), -1)
    _window(room)
    _shelf(room, rng)
    room = _blur(room, 3.2)
    _chair(room)
    return _lit(_blur(room, 1.2), rng)


def _window(room: Image) -> None:
    cv2.rectangle(room, (62, 62), (262, 330), (222, 226, 228), -1)
    cv2.rectangle(room, (74, 74), (250, 318), (240, 226, 206), -1)
    cv2.rectangle(room, (74, 232), (250, 318), (158, 190, 172), -1)
    cv2.line(room, (162, 74), (162, 318), (222, 226, 228), 8)
    cv2.line(room, (74, 190), (250, 190), (222, 226, 228), 8)
    cv2.rectangle(room, (50, 328), (274, 344), (214, 218, 222), -1)


def _shelf(room: Image, rng: np.random.Generator) -> None:
    cv2.rectangle(room, (548, 70), (720, 498), _WOOD, -1)
    for top in (84, 186, 288, 390):
        cv2.rectangle(room, (560, top), (708, top + 90), (48, 66, 92), -1)
        left = 562
        while left < 684:
            width = int(rng.integers(10, 22))
            height = int(rng.integers(52, 84))
            colour = _BOOKS[int(rng.integers(len(_BOOKS)))]
            cv2.rectangle(room, (left, top + 90 - height), (left + width, top + 90), colour, -1)
            left += width + 1


def _chair(room: Image) -> None:
    """An office chair's back, where a head and shoulders would be."""
    centre = ROOM_WIDTH_PX // 2
    cv2.rectangle(room, (centre - 14, 400), (centre + 14, 580), (50, 48, 46), -1)
    for grow, colour in ((0, (48, 45, 44)), (-7, _CHAIR)):
        cv2.rectangle(room, (centre - 92 - grow, 322 - grow), (centre + 92 + grow, 520 + grow), colour, -1)
        cv2.ellipse(room, (centre, 322 - grow), (92 + grow, 34), 0, 180, 360, colour, -1)
    for side in (-1, 1):
        x = centre + side * 138
        cv2.rectangle(room, (x - 24, 492), (x + 24, 510), (52, 50, 48), -1)


def _lit(room: Image, rng: np.random.Generator) -> Image:
    """Add light from the window, and the wall's grain."""
    across = np.linspace(1.06, 0.84, ROOM_WIDTH_PX, dtype=np.float32)[None, :, None]
    down = np.linspace(1.03, 0.9, ROOM_HEIGHT_PX, dtype=np.float32)[:, None, None]
    grain = rng.normal(0.0, 2.5, (ROOM_HEIGHT_PX // 4, ROOM_WIDTH_PX // 4)).astype(np.float32)
    wide = cv2.resize(grain, (ROOM_WIDTH_PX, ROOM_HEIGHT_PX), interpolation=cv2.INTER_CUBIC)
    lit = room * across * down + cv2.GaussianBlur(wide, (0, 0), 2.0)[:, :, None]
    return np.asarray(np.clip(lit, 0, 255), np.uint8)


def _blur(room: Image, sigma_px: float) -> Image:
    return np.asarray(cv2.GaussianBlur(room, (0, 0), sigma_px), np.uint8)
