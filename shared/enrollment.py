"""Makes one template from pictures of one person: the best by quality, and their mean embedding. Pure.

The coordinator's enrollment and the analysis of recordings both use it, so both enroll the same way.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from sys import byteorder
from typing import Final

from shared.errors import Corrupt

BEST_PICTURES: Final = 3
"""Pictures for a template; more would add weaker ones."""


def best_pictures(qualities: Sequence[float], count: int = BEST_PICTURES) -> tuple[int, ...]:
    """Indices of the `count` best qualities, best first; of equal ones the earlier picture."""
    return tuple(sorted(range(len(qualities)), key=lambda index: (-qualities[index], index))[:count])


def mean_embedding(embeddings: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """The mean direction of some embeddings of one recogniser, of length 1.

    Each is scaled to length 1 first, so all have equal weight. Raises `Corrupt` without embeddings, for
    different dimensions, for values that are not finite and for directions that cancel out.
    """
    if not embeddings:
        raise Corrupt("a mean needs at least one embedding")
    units = [_unit(embedding) for embedding in embeddings]
    if len({len(unit) for unit in units}) != 1:
        raise Corrupt("embeddings of one recogniser differ in dimension")
    return _unit([math.fsum(values) for values in zip(*units, strict=True)])


def mean_templates(pictures: Sequence[Mapping[str, Sequence[float]]]) -> dict[str, tuple[float, ...]]:
    """The mean embedding per recogniser over all pictures, for recognisers with an embedding of every one."""
    if not pictures:
        return {}
    common = set(pictures[0]).intersection(*pictures[1:])
    return {name: mean_embedding([picture[name] for picture in pictures]) for name in sorted(common)}


def floats_of(raw: bytes) -> tuple[float, ...]:
    """Numbers from raw little-endian float32 bytes. Raises `Corrupt` for invalid bytes."""
    if not raw or len(raw) % 4:
        raise Corrupt("a template's vector is not float32")
    values = array("f", raw)
    if byteorder == "big":
        values.byteswap()
    return tuple(values)


def bytes_of(values: Sequence[float]) -> bytes:
    """Numbers as raw little-endian float32 bytes."""
    packed = array("f", values)
    if byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def _unit(values: Sequence[float]) -> tuple[float, ...]:
    length = math.sqrt(math.fsum(value * value for value in values))
    if not math.isfinite(length) or length < 1e-6:
        raise Corrupt("an embedding has length zero")
    return tuple(value / length for value in values)
