"""Who sits before the camera: people out of real recordings, each able to be filmed for any length of time.

With PROCTOR_MEDIA the five talking heads of the GRID corpus and a woman who lifts her hand to her head, and
always the rehearsal's two portraits, moved.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from math import sin, tau
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.rehearsal import faces
from edge.rehearsal.scene import Scene
from edge.rehearsal.script import Camera, Figure, Person

Image = NDArray[np.uint8]

WIDTH_PX, HEIGHT_PX = 640, 480
_GRID = ("bbaf2n", "brbk7n", "lbax4n", "lrwp9a", "pwij3p")
_GRID_FRAMES_PER_S = 25
_STILL = Camera(zoom=1.0, x_px=0.0, y_px=0.0, roll_deg=0.0, gain=1.0)


@dataclass(frozen=True, slots=True)
class Performer:
    """One person."""

    name: str
    view: Callable[[float], Image]
    """The person at a time in seconds, sitting before the camera: BGR 480×640."""
    empty: Image
    """The same place without anybody."""
    unique_s: float
    """Seconds of different footage there are of this person."""
    enrollable: bool = True
    hand_up: Callable[[float], Image] | None = None
    """The person with a hand at the ear, where there is such footage."""


def media_folder(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The collection of real recordings, where it is at hand."""
    folder = environment.get("PROCTOR_MEDIA")
    return Path(folder) if folder else None


@cache
def performers(media: Path | None, seed: int) -> tuple[Performer, ...]:
    """Everybody there is; read once per process."""
    drawn = _drawn(seed)
    return drawn if media is None else (*_talking(media), *drawn)


@cache
def talkers(media: Path) -> tuple[Performer, ...]:
    """Everybody of whom there is more than a portrait: the talking heads, and two men in other places."""
    return (
        *_talking(media),
        _filmed("carphone", media / "video" / "open_carphone_qcif.mp4", 29.97),
        _filmed("man", media / "video" / "open_man_frontal.gif", 10),
    )


def signer(media: Path) -> Performer:
    """A woman who stands still and lifts her hand to the side of her head."""
    window = np.s_[20:260, 130:450]
    frames = [wide(frame[window]) for frame in film_frames(media / "video" / "open_asl_learn.mkv")]
    resting, lifted = frames[:7], frames[22:41]
    room = cv2.GaussianBlur(
        np.ascontiguousarray(np.hstack([frames[0][:, :200]] * 4)[:, :WIDTH_PX]), (0, 0), 4
    )
    return Performer(
        "orange",
        lambda at_s: resting[_to_and_fro(at_s * 8, len(resting))],
        room.astype(np.uint8),
        unique_s=len(frames) / 30,
        enrollable=False,
        hand_up=lambda at_s: lifted[_to_and_fro(at_s * 15, len(lifted))],
    )


def film_frames(path: Path) -> list[Image]:
    """Every frame of a short film. Raises FileNotFoundError when there is none."""
    film, frames = cv2.VideoCapture(str(path)), list[Image]()
    while (read := film.read())[0]:
        frames.append(read[1].astype(np.uint8, copy=False))
    if not frames:
        raise FileNotFoundError(path)
    return frames


def wide(picture: Image) -> Image:
    """Scaled to the camera's width and cut at the bottom to its height."""
    height_px = round(picture.shape[0] * WIDTH_PX / picture.shape[1])
    scaled = cv2.resize(picture, (WIDTH_PX, height_px), interpolation=cv2.INTER_CUBIC)
    return np.ascontiguousarray(scaled[:HEIGHT_PX]).astype(np.uint8, copy=False)


def _talking(media: Path) -> list[Performer]:
    return [_filmed(name, media / "video" / f"open_grid_{name}.mpg", _GRID_FRAMES_PER_S) for name in _GRID]


def _filmed(name: str, path: Path, frames_per_s: float) -> Performer:
    frames = [_filled(wide(frame)) for frame in film_frames(path)]
    return Performer(
        name,
        lambda at_s: frames[_to_and_fro(at_s * frames_per_s, len(frames))],
        _wall_behind(frames[0]),
        unique_s=len(frames) / frames_per_s,
    )


def _filled(picture: Image) -> Image:
    """A picture that is too low, with its last row down to the camera's height."""
    missing_px = HEIGHT_PX - picture.shape[0]
    return np.asarray(cv2.copyMakeBorder(picture, 0, missing_px, 0, 0, cv2.BORDER_REPLICATE), np.uint8)


def _to_and_fro(at: float, length: int) -> int:
    """Frames forwards and then backwards, so that the footage never jumps."""
    step = int(at) % (2 * length - 2)
    return step if step < length else 2 * length - 2 - step


def _wall_behind(frame: Image) -> Image:
    """The even wall, continued from the picture's upper corners across the person."""
    left = frame[:120, :20].reshape(-1, 3).mean(axis=0)
    right = frame[:120, -20:].reshape(-1, 3).mean(axis=0)
    across = np.linspace(0, 1, WIDTH_PX)[None, :, None]
    grain = np.random.default_rng(1).normal(0, 2, (HEIGHT_PX, WIDTH_PX, 1))
    wall = np.broadcast_to(left * (1 - across) + right * across, (HEIGHT_PX, WIDTH_PX, 3))
    return np.clip(wall + grain, 0, 255).astype(np.uint8)


def _drawn(seed: int) -> tuple[Performer, ...]:
    cut: dict[Person, faces.Cutout] = {"candidate": faces.candidate(), "other": faces.other()}
    scene = Scene(cut, seed)
    empty = scene.frame((), _STILL)

    def view(person: Person, scale: float) -> Callable[[float], Image]:
        return lambda at_s: scene.frame((_seated(person, at_s, scale),), _STILL)

    # A portrait is one picture, however much it is moved.
    return (
        Performer("collins", view("candidate", 1.34), empty, unique_s=1 / 15),
        Performer("hopper", view("other", 0.84), empty, unique_s=1 / 15),
    )


def _seated(person: Person, at_s: float, scale: float) -> Figure:
    phase = 0.0 if person == "candidate" else 2.1
    return Figure(
        person=person,
        x_px=318 + 7 * sin(tau * at_s / 11 + phase),
        y_px=212 + 2 * sin(tau * at_s / 3.9 + phase),
        scale=scale * (1 + 0.02 * sin(tau * at_s / 19 + phase)),
        roll_deg=1.4 * sin(tau * at_s / 13 + phase),
        turn_px=4.0 * sin(tau * at_s / 7.3 + phase),
        nod_px=2.0 * sin(tau * at_s / 6.1 + phase),
    )
