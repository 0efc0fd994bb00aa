"""The recording that analysis is measured on, made once per run of the machine."""

from __future__ import annotations

from pathlib import Path

import cv2

from tests.support.films import film
from tests.support.people import frames

FOLDER = Path(__file__).parents[2] / "build" / "bench"
HONEST_S, VOICE_S = 50.0, 10.0


def recording() -> Path:
    """60 s, 640×480 at 15 fps in H.264 with sound, of which the last 10 s are spoken over."""
    path = FOLDER / "exam-60s.mkv"
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        film(path, ("honest", HONEST_S), ("voice", VOICE_S))
    return path


def pictures(count: int) -> list[Path]:
    """Single frames of it, evenly spread; the first serves as portrait."""
    chosen = frames(recording(), every=900 // count)[:count]
    paths = [FOLDER / f"frame-{number:02}.png" for number in range(len(chosen))]
    for path, picture in zip(paths, chosen, strict=True):
        cv2.imwrite(str(path), picture)
    return paths
