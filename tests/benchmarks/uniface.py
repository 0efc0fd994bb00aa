"""A frame's analysis beside the `uniface` package: same weights, same input size, faces and embeddings.

uniface runs in an environment of its own under build/, made on first use from the package index; where that,
or the weights, cannot be had, nothing is compared and it says so. Both sides take turns on the same core.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models.store import Store
from tests.benchmarks._figures import Figure
from tests.benchmarks._films import FOLDER, pictures

_ROOT = Path(__file__).parents[2]
_PACKAGES = ("uniface==4.2.1", "onnxruntime==1.32.0", "opencv-python==5.0.0.93")
DETECTOR, RECOGNISER = "scrfd-500m", "arcface-mobilefacenet-dequantised"
SIZE_PX = (640, 480)
PICTURES = 12
ROUNDS = 8
MIN_OVERLAP = 0.95
MIN_COSINE = 0.999


class _Side:
    """One of the two programs, bound to one core."""

    def __init__(self, command: Sequence[str], task: dict[str, Any]) -> None:
        core = max(os.sched_getaffinity(0))
        self._process = subprocess.Popen(
            ["taskset", "-c", str(core), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=_ROOT,
        )
        self._write(task)

    def ask(self, how: Any = ()) -> list[Any]:
        """What it finds in every picture. Ours may be asked for embeddings at points, theirs to see "rgb"."""
        self._write(how)
        assert self._process.stdout is not None
        answer: list[Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)

    def _write(self, value: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(value) + "\n")
        self._process.stdin.flush()


def run(_arguments: Sequence[str]) -> list[Figure]:
    """Compare, or say why not."""
    store = Store.here()
    entries = [store.manifest.entry(name) for name in (DETECTOR, RECOGNISER)]
    if missing := [entry.name for entry in entries if not store.has(entry)]:
        return [_left_out(f"weights of {', '.join(missing)} are missing")]
    python = _environment()
    if python is None:
        return [_left_out(f"{_PACKAGES[0]} could not be installed")]
    task = {
        "detector": str(store.path(entries[0])),
        "recogniser": str(store.path(entries[1])),
        "our_detector": DETECTOR,
        "our_recogniser": RECOGNISER,
        "size_px": SIZE_PX,
        "pictures": [str(path) for path in pictures(PICTURES)],
    }
    ours = _Side([sys.executable, "-m", "tests.benchmarks._ours"], task)
    theirs = _Side([str(python), "-P", str(_ROOT / "tests" / "benchmarks" / "_theirs.py")], task)
    try:
        return _compare(ours, theirs)
    finally:
        ours.close()
        theirs.close()


def _compare(ours: _Side, theirs: _Side) -> list[Figure]:
    ours.ask()
    theirs.ask()
    rounds = [(ours.ask(), theirs.ask()) for _ in range(ROUNDS)]
    spent_s = [np.median([row["spent_s"] for each in rounds for row in each[side]]) for side in (0, 1)]
    mine, other = rounds[-1]
    same_count = all(len(a["faces"]) == len(b["faces"]) for a, b in zip(mine, other, strict=True))
    pairs = _pairs(mine, other)
    at_theirs = ours.ask([b["points"] for _, b in pairs])
    cosines = [float(np.dot(v, b["vector"])) for v, (_, b) in zip(at_theirs, pairs, strict=True)]
    as_trained = _pairs(mine, theirs.ask("rgb"))
    on = f"{PICTURES} frames of 640×480, {DETECTOR} and ArcFace MobileFaceNet, one thread, {ROUNDS} rounds"
    return [
        Figure.at_least("uniface: its time over ours, per frame", float(spent_s[1] / spent_s[0]), 1.0, on),
        Figure(
            "uniface: processor per frame",
            f"{spent_s[0] * 1000:.1f} ms ours, {spent_s[1] * 1000:.1f} ms theirs",
            measured_on=on,
        ),
        Figure("uniface: faces per frame", "the same" if same_count else "differ", "same", same_count, on),
        Figure.at_least("uniface: least overlap of boxes", _least_overlap(pairs), MIN_OVERLAP, on),
        Figure.at_least("uniface: least cosine, at the same points", min(cosines), MIN_COSINE, on),
        # As shipped its detector sees blue for red, and the points differ by a pixel or two.
        Figure(
            "uniface: least cosine, each at its own points", f"{_least_cosine(pairs):.4f}", measured_on=on
        ),
        Figure.at_least(
            "uniface given RGB: least overlap of boxes", _least_overlap(as_trained), MIN_OVERLAP, on
        ),
        Figure.at_least(
            "uniface given RGB: least cosine, each at its own points",
            _least_cosine(as_trained),
            MIN_COSINE,
            on,
        ),
    ]


Pairs = list[tuple[dict[str, Any], dict[str, Any]]]
"""The best face of a picture, ours and theirs."""


def _pairs(ours: Sequence[Any], theirs: Sequence[Any]) -> Pairs:
    rows = zip(ours, theirs, strict=True)
    return [(a["faces"][0], b["faces"][0]) for a, b in rows if a["faces"] and b["faces"]]


def _least_overlap(pairs: Pairs) -> float:
    return min(_overlap(a["box"], b["box"]) for a, b in pairs)


def _least_cosine(pairs: Pairs) -> float:
    return min(float(np.dot(a["vector"], b["vector"])) for a, b in pairs)


def _overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """Intersection over union of two boxes x0, y0, x1, y1."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0.0) * max(height, 0.0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return shared / (sum(areas) - shared)


def _environment() -> Path | None:
    """The interpreter of uniface's own environment; None where it cannot be made."""
    folder = FOLDER / "uniface"
    python, stamp = folder / "bin" / "python", folder / "installed"
    if stamp.exists() and stamp.read_text() == " ".join(_PACKAGES):
        return python
    uv = _ROOT / ".tools" / "bin" / "uv"
    environment = os.environ | {"VIRTUAL_ENV": str(folder), "UV_SYSTEM_CERTS": "true"}
    index = subprocess.run(
        ["python3", "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True
    ).stdout.strip()
    if index:
        environment.setdefault("UV_DEFAULT_INDEX", index)
    try:
        subprocess.run([uv, "venv", "-q", "--python", sys.executable, folder], check=True, env=environment)
        subprocess.run([uv, "pip", "install", "-q", *_PACKAGES], check=True, env=environment, timeout=600)
    except (OSError, subprocess.SubprocessError) as error:
        sys.stdout.write(f"uniface: {error}\n")
        return None
    stamp.write_text(" ".join(_PACKAGES))
    return python


def _left_out(reason: str) -> Figure:
    sys.stdout.write(f"uniface: NOT COMPARED: {reason}\n")
    return Figure("uniface", f"not compared: {reason}")
