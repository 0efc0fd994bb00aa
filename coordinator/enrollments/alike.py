"""Which of many faces are nearest to one, by the angle between their templates. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from operator import mul
from uuid import UUID


def nearest(
    probe: Sequence[float], others: Mapping[UUID, Sequence[float]], count: int
) -> list[tuple[float, UUID]]:
    """The `count` nearest by cosine, nearest first; templates have length 1. Other dimensions are left out.

    Only a preselection: what a cosine means differs from recogniser to recogniser, and a node says it.
    """
    scores = (
        (sum(map(mul, probe, other)), owner) for owner, other in others.items() if len(other) == len(probe)
    )
    return heapq.nlargest(count, scores)
