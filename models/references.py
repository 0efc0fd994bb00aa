"""Compares a network's answer on this machine with the stored answer of the same file.

`references.json` holds a few values of each output for a fixed input, by the file's hash; it was written on
plain processors in float32 (`python -m models.referring` writes it again for the networks that are present).
A device that computes something else, such as a faulty driver or a lower precision, differs by far more than
`TOLERANCE`; most of the runtimes in use differ by less than 0.01 percent, and those of YuNet, which differ
most, by 1.9 percent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.backend import Arrays, Port

TOLERANCE: Final = 0.02
"""Share of an output's largest value by which it may differ."""
SLACK: Final = 1e-3
"""Difference that is always allowed: outputs that are nearly zero everywhere have no exact digits."""
SAMPLES: Final = 16


@dataclass(frozen=True, slots=True)
class Sample:
    """Values of one output at even distances, and its largest absolute value."""

    size: int
    peak: float
    values: tuple[float, ...]


Reference = tuple[Sample, ...]
"""The outputs of one file, in its order."""


def fixed_input(ports: tuple[Port, ...], shapes: Mapping[str, tuple[int, ...]]) -> dict[str, NDArray[Any]]:
    """The fixed input: a wave for real numbers, steps for bytes, zeros for other whole numbers."""
    return {port.name: _wave(shapes[port.name], port.dtype) for port in ports}


def sampled(answer: Arrays) -> Reference:
    """What is stored of an answer."""
    return tuple(_sample(np.asarray(array, np.float64).ravel()) for array in answer.values())


def difference(answer: Arrays, reference: Reference) -> str | None:
    """How an answer differs from the reference; None if it does not."""
    seen = sampled(answer)
    if [one.size for one in seen] != [one.size for one in reference]:
        return "the outputs have other sizes"
    for name, one, stored in zip(answer, seen, reference, strict=True):
        bound = TOLERANCE * stored.peak + SLACK
        worst = max(abs(a - b) for a, b in zip(one.values, stored.values, strict=True))
        if worst > bound:
            return f"output {name} differs by {worst:.3g} from the stored answer; {bound:.3g} is allowed"
    return None


@cache
def stored_references() -> Mapping[str, Reference]:
    """The stored answers by the SHA-256 of the file."""
    stored = json.loads(files("models").joinpath("references.json").read_text("utf-8"))
    return {
        sha256: tuple(Sample(one["size"], one["peak"], tuple(one["values"])) for one in outputs)
        for sha256, outputs in stored.items()
    }


def _wave(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    places = np.arange(int(np.prod(shape)))
    if dtype.kind == "f":
        return np.asarray(np.sin(places * 0.37), dtype).reshape(shape)
    return np.asarray(places % 251 if dtype == np.uint8 else places * 0, dtype).reshape(shape)


def _sample(values: NDArray[np.float64]) -> Sample:
    places = np.linspace(0, values.size - 1, min(SAMPLES, values.size)).astype(int)
    # Six digits are more than any comparison needs.
    kept = tuple(float(f"{value:.6g}") for value in values[places])
    return Sample(values.size, float(f"{np.abs(values).max(initial=0.0):.6g}"), kept)
