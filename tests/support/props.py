"""Things a candidate might hold, drawn: a telephone, and a photograph of a face on paper or on a screen.

Drawn things prove that the way from frame to answer works; how often real ones are found they do not tell.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.images import Image

PAPER_EDGE = (225, 228, 230)
SCREEN_EDGE = (15, 15, 15)


def with_phone(frame: Image, *, turn_deg: float = 20.0) -> Image:
    """The frame with a switched-on telephone beside the middle, 0.35 of its height tall."""
    height = int(frame.shape[0] * 0.35)
    phone = _phone(height // 2, height)
    side = int(np.hypot(*phone.shape[:2])) + 1
    canvas = np.zeros((side, side, 4), np.uint8)
    top, left = (side - phone.shape[0]) // 2, (side - phone.shape[1]) // 2
    canvas[top : top + phone.shape[0], left : left + phone.shape[1]] = phone
    turned = cv2.warpAffine(
        canvas, cv2.getRotationMatrix2D((side / 2, side / 2), turn_deg, 1.0), (side, side)
    )
    return _laid_over(frame, turned, int(frame.shape[1] * 0.72), int(frame.shape[0] * 0.6))


def as_print(portrait: Image, room: Image) -> Image:
    """A photograph of somebody, paler than life and with a white edge, held before a room."""
    pale = np.clip(portrait.astype(np.float32) * 0.75 + 45, 0, 255).astype(np.uint8)
    return _held_up(pale, PAPER_EDGE, room)


def on_screen(portrait: Image, room: Image) -> Image:
    """A photograph of somebody on a screen with fine lines and a black edge, held before a room."""
    lit = portrait.astype(np.float32) * 1.05 + 10
    lit[::3] *= 0.9
    return _held_up(np.clip(lit, 0, 255).astype(np.uint8), SCREEN_EDGE, room)


def _held_up(picture: Image, edge: tuple[int, int, int], room: Image) -> Image:
    """The picture with an edge, a little askew, filling half the height of the room, as a webcam sends it."""
    height = int(room.shape[0] * 0.55)
    width = int(picture.shape[1] * height / picture.shape[0])
    shrunk = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    rim = max(4, height // 20)
    framed = cv2.copyMakeBorder(shrunk, rim, rim, rim, rim, cv2.BORDER_CONSTANT, value=edge)
    high, wide = framed.shape[:2]
    left, top = (room.shape[1] - wide) / 2, (room.shape[0] - high) / 2
    corners = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    askew = corners + np.array([[left, top + 8], [left - 10, top - 6], [left - 4, top], [left + 6, top - 8]])
    view = cv2.getPerspectiveTransform(corners, askew.astype(np.float32))
    size = (room.shape[1], room.shape[0])
    seen = cv2.warpPerspective(framed, view, size)
    mask = cv2.warpPerspective(np.full((high, wide), 255, np.uint8), view, size)
    shot = cv2.GaussianBlur(np.where(mask[..., None] > 127, seen, room), (0, 0), 0.6)
    noisy = shot + np.random.default_rng(1).normal(0, 4, shot.shape)
    packed = cv2.imencode(".jpg", np.clip(noisy, 0, 255), [cv2.IMWRITE_JPEG_QUALITY, 75])[1]
    unpacked = cv2.imdecode(packed, cv2.IMREAD_COLOR)
    assert unpacked is not None
    return unpacked.astype(np.uint8, copy=False)


def _phone(width: int, height: int) -> NDArray[np.uint8]:
    """(height, width, 4): round corners, a blue screen, five rows of icons; the fourth plane is opacity."""
    radius = int(width * 0.14)
    opacity = np.zeros((height, width), np.uint8)
    cv2.rectangle(opacity, (radius, 0), (width - radius, height), 255, -1)
    cv2.rectangle(opacity, (0, radius), (width, height - radius), 255, -1)
    for x in (radius, width - radius - 1):
        for y in (radius, height - radius - 1):
            cv2.circle(opacity, (x, y), radius, 255, -1)
    body = np.full((height, width, 3), (35, 30, 28), np.uint8)
    rim, top, bottom = int(width * 0.05), int(height * 0.04), int(height * 0.96)
    shades = np.linspace((200, 120, 60), (120, 60, 160), bottom - top)
    body[top:bottom, rim : width - rim] = shades[:, None].astype(np.uint8)
    colours, side = np.random.default_rng(1), int(width * 0.15)
    for row in range(5):
        for column in range(4):
            x, y = rim + int(width * (0.05 + 0.22 * column)), int(height * (0.1 + 0.15 * row))
            colour = [int(value) for value in colours.integers(60, 255, 3)]
            cv2.rectangle(body, (x, y), (x + side, y + side), colour, -1)
    return np.dstack([body, opacity])


def _laid_over(frame: Image, thing: NDArray[Any], x: int, y: int) -> Image:
    """The frame with a picture of four planes laid over it, its middle at x, y; it must fit in."""
    high, wide = thing.shape[:2]
    left = min(max(x - wide // 2, 0), frame.shape[1] - wide)
    top = min(max(y - high // 2, 0), frame.shape[0] - high)
    laid = frame.copy()
    part = laid[top : top + high, left : left + wide]
    share = thing[:, :, 3:].astype(np.float32) / 255
    part[:] = (part * (1 - share) + thing[:, :, :3] * share).astype(np.uint8)
    return laid
