"""Tries an opened network before it is used: its answers must be finite, right and in time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.backend import Backend, Port
from models.references import Reference, difference, fixed_input
from shared.errors import Corrupt, Unavailable

LIMIT_S: Final = 5.0
"""The time limit of a second call; the largest network needs 70 ms on one slow core."""
_FREE_SIDE_PX: Final = 256
"""Size of a dimension that the network leaves open: a multiple of every detector stride."""


def try_out(
    name: str, backend: Backend, shapes: Mapping[str, tuple[int, ...]], reference: Reference | None
) -> float:
    """Run the network on zeros twice, and once on the stored answer's input. Returns the second call's
    milliseconds.

    `shapes` by input name, if the network leaves more than the batch open. Raises Corrupt for an output that
    is not finite and Unavailable for a wrong answer and for one that takes too long.
    """
    sizes = sizes_of(backend.inputs, shapes)
    zeros = {port.name: np.zeros(sizes[port.name], port.dtype) for port in backend.inputs}
    backend.call(zeros)
    begun = time.perf_counter()
    answer = backend.call(zeros)
    elapsed_s = time.perf_counter() - begun
    if (unusable := not_finite(answer)) is not None:
        raise Corrupt(f"{name}: output {unusable} is not finite for zeros on {backend.device}")
    if elapsed_s > LIMIT_S:
        raise Unavailable(f"{name} took {elapsed_s:.1f} s for one call on {backend.device}")
    if reference is not None:
        wrong = difference(backend.call(fixed_input(backend.inputs, sizes)), reference)
        if wrong is not None:
            raise Unavailable(f"{name} gives a wrong answer on {backend.device}: {wrong}")
    return elapsed_s * 1000


def not_finite(answer: Mapping[str, NDArray[Any]]) -> str | None:
    """The first output that contains NaN or infinity; the check takes 0.06 ms for the largest detector."""
    floats = ((name, array) for name, array in answer.items() if array.dtype.kind == "f")
    return next((name for name, array in floats if not np.isfinite(array).all()), None)


def sizes_of(ports: Iterable[Port], shapes: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """The shape of each input in a trial."""
    return {port.name: shapes.get(port.name) or _closed(port.shape) for port in ports}


def _closed(shape: tuple[int | None, ...]) -> tuple[int, ...]:
    return tuple(d or (1 if axis == 0 else _FREE_SIDE_PX) for axis, d in enumerate(shape))
