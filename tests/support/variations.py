"""One honest picture, as other cameras, lights and networks would have sent it; and a drawn one."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from models.images import Image

Vary = Callable[[Image], Image]


def drawn(seed: int = 1, side_px: int = 320) -> Image:
    """Something with the spectrum of a natural picture: amplitude falls with frequency."""
    chance = np.random.default_rng(seed)
    rows, columns = np.meshgrid(np.fft.fftfreq(side_px), np.fft.fftfreq(side_px), indexing="ij")
    fall = 1 / np.maximum(np.hypot(rows, columns), 1 / side_px) ** 1.5
    waves = np.fft.ifft2(np.fft.fft2(chance.normal(size=(side_px, side_px))) * fall).real
    grey = 110 + 35 * (waves - waves.mean()) / waves.std()
    picture: Image = cv2.cvtColor(np.clip(grey, 0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR).astype(np.uint8)
    return picture


def lit(picture: Image, factor: float, *, noise: float = 2.0, quality: int = 80) -> Image:
    """Under so much of its light, with a sensor's noise (levels) and compressed."""
    grain = np.random.default_rng(1).normal(0.0, noise, picture.shape)
    return compressed(_levels(picture * factor + grain), quality)


def compressed(picture: Image, quality: int) -> Image:
    packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    unpacked = cv2.imdecode(packed, cv2.IMREAD_COLOR)
    assert unpacked is not None
    return unpacked.astype(np.uint8, copy=False)


def blurred(picture: Image, px: float) -> Image:
    """Out of focus; standard deviation."""
    return cv2.GaussianBlur(picture, (0, 0), px).astype(np.uint8, copy=False)


def moved(picture: Image, px: float, angle_deg: float) -> Image:
    """Smeared along a line by so much."""
    reach = ceil(px) + 1
    line = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    for step in np.linspace(-px / 2, px / 2, 64):
        x = reach + step * np.cos(np.radians(angle_deg))
        y = reach + step * np.sin(np.radians(angle_deg))
        spot = cv2.getRectSubPix(
            np.pad(np.ones((1, 1), np.float32), reach), line.shape[::-1], (2 * reach - x, 2 * reach - y)
        )
        line += spot
    return cv2.filter2D(picture, -1, line / line.sum()).astype(np.uint8, copy=False)


def scaled(picture: Image, factor: float) -> Image:
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return cv2.resize(picture, None, fx=factor, fy=factor, interpolation=method).astype(np.uint8, copy=False)


def grey(picture: Image) -> Image:
    """As by a camera for infrared, or a monochrome one."""
    return cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR).astype(np.uint8)


def cast(red: float, green: float, blue: float) -> Vary:
    """Light of a colour, or a white balance that is off."""
    return lambda picture: _levels(picture * np.array([blue, green, red]))


def pale(picture: Image) -> Image:
    """Half of its colour."""
    return cv2.addWeighted(picture, 0.5, grey(picture), 0.5, 0).astype(np.uint8, copy=False)


def barred(picture: Image, level: int) -> Image:
    """With bars on all sides, as some programs send a picture of another shape."""
    down, across = (round(0.15 * side) for side in picture.shape[:2])
    bars = cv2.copyMakeBorder(
        picture, down, down, across, across, cv2.BORDER_CONSTANT, value=(level, level, level)
    )
    return compressed(bars.astype(np.uint8, copy=False), 75)


def low(picture: Image) -> Image:
    """As sent with 320 columns."""
    small = scaled(picture, 320 / picture.shape[1])
    return compressed(small, 60)


def _levels(picture: NDArray[np.float64]) -> Image:
    return np.clip(picture, 0, 255).astype(np.uint8)


HONEST: dict[str, Vary] = {
    "as it is": lambda picture: picture,
    "mirrored": lambda picture: np.ascontiguousarray(picture[:, ::-1]),
    "grey": grey,
    "pale": pale,
    "warm": cast(1.25, 1.0, 0.7),
    "cold": cast(0.7, 1.0, 1.3),
    "green": cast(0.88, 1.1, 0.88),
    "magenta": cast(1.1, 0.85, 1.1),
    "dim": lambda picture: lit(picture, 0.6, noise=3),
    "dark": lambda picture: lit(picture, 0.4, noise=3),
    "bright": cast(1.3, 1.3, 1.3),
    "soft": lambda picture: blurred(picture, picture.shape[1] / 427),
    "blurred": lambda picture: blurred(picture, picture.shape[1] / 213),
    "out of focus": lambda picture: blurred(picture, picture.shape[1] / 128),
    "compressed": lambda picture: compressed(picture, 25),
    "240 lines": low,
    "black bars": lambda picture: barred(picture, 0),
    "grey bars": lambda picture: barred(picture, 128),
    "noisy": lambda picture: lit(picture, 1.0, noise=8),
}
"""Eighteen changes that make nobody dishonest."""
