"""From several pictures to one template: the best by quality, and their mean embedding. Pure.

Used by the coordinator's enrollment and by the analysis of recordings, so both enroll alike.
"""

from __future__ import annotations

import math
import sys
from array import array
from collections.abc import Mapping, Sequence
from typing import Final

from shared.errors import Corrupt

BEST_PICTURES: Final = 3
"""So many pictures make a template; more add the weaker ones."""


def best_pictures(qualities: Sequence[float], count: int = BEST_PICTURES) -> tuple[int, ...]:
    """Indices of the `count` best qualities, best first; of equals the earlier picture."""
    return tuple(sorted(range(len(qualities)), key=lambda index: (-qualities[index], index))[:count])


def mean_embedding(embeddings: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """The mean direction of some embeddings of one recogniser, of length 1.

    Each is brought to length 1 first, so none outweighs another. Raises `Corrupt` for none, for different
    dimensions, for values that are not finite and for directions that cancel out.
    """
    if not embeddings:
        raise Corrupt("a mean needs at least one embedding")
    units = [_unit(embedding) for embedding in embeddings]
    if len({len(unit) for unit in units}) != 1:
        raise Corrupt("embeddings of one recogniser differ in dimension")
    return _unit([math.fsum(values) for values in zip(*units, strict=True)])


def mean_templates(pictures: Sequence[Mapping[str, Sequence[float]]]) -> dict[str, tuple[float, ...]]:
    """The mean embedding per recogniser over pictures, for the recognisers that saw every one of them."""
    if not pictures:
        return {}
    common = set(pictures[0]).intersection(*pictures[1:])
    return {name: mean_embedding([picture[name] for picture in pictures]) for name in sorted(common)}


def floats_of(raw: bytes) -> tuple[float, ...]:
    """The numbers of raw little-endian float32 bytes. Raises `Corrupt` when they are none."""
    if not raw or len(raw) % 4:
        raise Corrupt("a template's vector is not float32")
    values = array("f", raw)
    if sys.byteorder == "big":
        values.byteswap()
    return tuple(values)


def bytes_of(values: Sequence[float]) -> bytes:
    """Raw little-endian float32 bytes of some numbers."""
    packed = array("f", values)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def _unit(values: Sequence[float]) -> tuple[float, ...]:
    length = math.sqrt(math.fsum(value * value for value in values))
    if not math.isfinite(length) or length < 1e-6:
        raise Corrupt("an embedding has no direction")
    return tuple(value / length for value in values)
