"""Finds the most similar faces, by the angle between their templates. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from operator import mul
from uuid import UUID


def nearest(
    probe: Sequence[float], others: Mapping[UUID, Sequence[float]], count: int
) -> list[tuple[float, UUID]]:
    """The `count` nearest by cosine, nearest first; templates have length 1. Those of other dimensions are
    left out.

    Only a preselection: the meaning of a cosine differs between recognisers, so a node compares the result.
    """
    scores = (
        (sum(map(mul, probe, other)), owner) for owner, other in others.items() if len(other) == len(probe)
    )
    return heapq.nlargest(count, scores)
