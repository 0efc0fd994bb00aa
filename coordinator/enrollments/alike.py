"""Finds the most similar faces, by the angle between their templates. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from operator import mul
from uuid import UUID


def nearest(
    probe: Sequence[float], others: Mapping[UUID, Sequence[float]], count: int
) -> list[tuple[float, UUID]]:
    """The `count` nearest templates by cosine, nearest first. All have length 1; those of another dimension
    are left out.

    This is only a preselection, because a cosine means something else for each recogniser. A node compares
    the result.
    """
    scores = (
        (sum(map(mul, probe, other)), owner) for owner, other in others.items() if len(other) == len(probe)
    )
    return heapq.nlargest(count, scores)
