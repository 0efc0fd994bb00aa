"""Networks that answer what a test says: stand-ins for the foreign runtimes below the networks' modules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from edge.analysis.ears import Ears
from edge.analysis.networks import Networks
from edge.media.frames import VideoFrame, video_frame
from models.keywords import KeywordSpotter, KeywordStream
from models.liveness import Liveness, Needs
from models.mesh import FaceMesh
from models.mesh_pose import MeshPose, standard_head
from models.objects import ObjectDetector
from models.recognition import ARCFACE, Limits, Recogniser
from models.results import Box, Face, Gaze, HeadPose, Mesh
from models.similarity import ACCEPTED, Similarity
from tests.support.recognisers import levels

Arrays = dict[str, NDArray[Any]]


class Answering:
    """A compiled network whose answer is a function of its input."""

    device = "test"

    def __init__(self, answer: Callable[[Mapping[str, NDArray[Any]]], Arrays]) -> None:
        self._answer = answer

    def run(self, inputs: Mapping[str, NDArray[Any]], /) -> Arrays:
        return self._answer(inputs)


class Detector:
    """A face detector that finds what `found` holds, or raises what it holds."""

    device = "test"

    def __init__(self, *found: Face) -> None:
        self.found: tuple[Face, ...] | Exception = found

    def find(self, _frame: NDArray[np.uint8], /) -> tuple[Face, ...]:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


class Eyes:
    """A gaze network that answers what `seen` holds, or raises what it holds."""

    device = "test"

    def __init__(self, pitch_deg: float = -5.0, yaw_deg: float = 3.0) -> None:
        self.seen: Gaze | Exception = Gaze(pitch_deg, yaw_deg)

    def gaze(self, _frame: NDArray[np.uint8], _face: Face, _mesh: Mesh, _head: HeadPose, /) -> Gaze:
        if isinstance(self.seen, Exception):
            raise self.seen
        return self.seen


NOTHING = Needs(chroma=0, sharpness=0, brightness=0)


def life(probability: float, needs: Needs = NOTHING) -> Liveness:
    """A liveness network that is so sure of a living face, of any picture unless told what it needs."""
    logits = np.log(np.array([[(1 - probability) / 2, probability, (1 - probability) / 2]], np.float32))
    network = Answering(lambda _: {"output": logits})
    return Liveness((network, network), needs)


def detector_of(*numbers: int, score: float = 0.8) -> ObjectDetector:
    """An object network that sees things of these COCO classes, each 200 px high at a place of its own."""
    rows = np.zeros((1, 3549, 85), np.float32)
    for place, number in enumerate(numbers):
        # The first cells have a stride of 8 px; 16 of it in height and 8 in width on a canvas of 416 px.
        cell = 52 * 20 + 13 * (place + 1)
        rows[0, cell, :5] = (0.0, 0.0, np.log(8.0), np.log(16.0), 1.0)
        rows[0, cell, 5 + number] = score
    return ObjectDetector(Answering(lambda _: {"output": rows}))


class Voices:
    """A voice detector that hears what `heard` holds, or raises what it holds."""

    device = "test"

    def __init__(self, probability: float = 0.1) -> None:
        self.heard: float | Exception = probability

    def stream(self) -> Voices:
        return self

    def hear(self, samples: NDArray[np.float32], /) -> tuple[float, ...]:
        if isinstance(self.heard, Exception):
            raise self.heard
        return (self.heard,) * (len(samples) // 512)


class Phrasing:
    """A keyword decoder that hears the same phrase in everything."""

    def __init__(self, phrase: str) -> None:
        self._phrase = phrase

    def start_utt(self) -> None: ...

    def end_utt(self) -> None: ...

    def process_raw(self, _levels: bytes, _no_search: bool, _full: bool, /) -> None: ...

    def hyp(self) -> str:
        return self._phrase

    def seg(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(word=self._phrase, start_frame=0)]


class Spotter(KeywordSpotter):
    """A keyword model with this decoder, or one that hears the first phrase; or what opening it raises."""

    def __init__(self, decoder: Phrasing | Exception | None = None) -> None:
        super().__init__(Path())
        self._own = decoder

    def stream(self, phrases: Sequence[str]) -> KeywordStream:
        if isinstance(self._own, Exception):
            raise self._own
        return KeywordStream(self._own or Phrasing(phrases[0]))


def face_at(x_px: float = 240, side_px: float = 160, score: float = 0.95) -> Face:
    """A frontal face as a detector would report it."""
    eye_y = 160 + 0.4 * side_px
    points = [
        (x_px + 0.3 * side_px, eye_y),
        (x_px + 0.7 * side_px, eye_y),
        (x_px + 0.5 * side_px, eye_y + 0.2 * side_px),
        (x_px + 0.35 * side_px, eye_y + 0.35 * side_px),
        (x_px + 0.65 * side_px, eye_y + 0.35 * side_px),
    ]
    return Face(Box(x_px, 160, side_px, side_px), np.array(points, np.float32), score)


def head_mesh(presence: float = 1.0) -> FaceMesh:
    """A mesh network that fits the standard head, frontal, into whatever it is shown."""
    numbers, places, _ = standard_head()
    points = np.zeros((468, 3), np.float32)
    points[numbers] = places * (4.0, -4.0, -4.0) + (96.0, 96.0, 0.0)
    logit = np.array([[10.0 if presence > 0.5 else -10.0]], np.float32)
    return FaceMesh(Answering(lambda _: {"conv2d_21": points.reshape(1, -1), "conv2d_31": logit}))


def brightness_recogniser(doubt_from: float = ACCEPTED) -> Recogniser:
    """A recogniser that tells people apart by how bright they are: black and white are strangers."""

    def embed(inputs: Mapping[str, NDArray[Any]]) -> Arrays:
        bright = float(inputs["input.1"].mean())
        return {"vector": np.array([[1.0 + bright, 1.0 - bright]], np.float32)}

    knots = ((-1.0, 0.0), (0.5, 0.5), (0.9, 0.75), (1.0, 1.0))
    limits = Limits(doubt_from, min_brightness=40)
    answering = Answering(embed)
    return Recogniser(
        "brightness@1", answering, levels("arcface-resnet50"), ARCFACE, Similarity(knots), limits
    )


def stand_in(detector: Detector, voice: Voices | None = None, mesh: FaceMesh | None = None) -> Networks:
    """All networks an analysis needs but a body's."""
    return Networks(
        faces=detector,
        mesh=mesh or head_mesh(),
        head=MeshPose(),
        recognisers=(brightness_recogniser(),),
        body=None,
        ears=Ears(voice=voice or Voices()),
    )


def picture(level: int, at_s: float = 0.0, frame_id: int = 1) -> VideoFrame:
    """A 640×480 frame of one grey with a fine pattern, so that it is neither blurred nor even."""
    pixels = np.full((480, 640, 3), level, np.uint8)
    pixels[::2, ::2] = min(255, level + 40)
    pixels[1::2, 1::2] = max(0, level - 40)
    return video_frame(av.VideoFrame.from_ndarray(pixels, format="bgr24"), at_s, frame_id)
