"""Computes how far one lane of one outbox is committed. Pure.

    1 2 3 4 5 6 7 8 9 …
    ─────mark     ────── beyond
          3        6…8

The mark is the highest sequence up to which nothing is missing. Sequences committed above a gap are kept as
ranges until the gap is filled. An outbox deletes only what the mark covers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

MAX_RANGES: Final = 256
"""The most ranges. A sequence that would need one more is not remembered: its node sends it again later,
which is harmless, and by then the gap may be filled."""

Range = tuple[int, int]
"""First and last sequence, both included."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Which sequences (from 1) are committed."""

    mark: int = 0
    beyond: tuple[Range, ...] = ()
    """The committed ranges above the mark, in order and with gaps between them."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Alerts that are missing although later ones have arrived."""

    mark: int
    missing: int


@dataclass(frozen=True, slots=True)
class Lost:
    """Alerts of a node that will never arrive."""

    node_id: UUID
    count: int
    since_utc: datetime
    """When the last alert before them arrived."""


def gap_of(progress: Progress) -> Gap | None:
    """What is missing now; None if nothing is known to be missing."""
    if not progress.beyond:
        return None
    came = sum(last - first + 1 for first, last in progress.beyond)
    return Gap(progress.mark, progress.beyond[-1][1] - progress.mark - came)


def commit(progress: Progress, sequences: Iterable[int]) -> Progress:
    """The progress after these sequences are committed too."""
    return _settled(progress.mark, [*progress.beyond, *((sequence, sequence) for sequence in sequences)])


def step_over(progress: Progress, below: int) -> tuple[Progress, int]:
    """Stop waiting for missing sequences below one. Returns the progress and the number of sequences given
    up.

    The node has reported that it no longer holds anything below `below`, so missing ones will never arrive.
    """
    if below - 1 <= progress.mark:
        return progress, 0
    held = sum(max(0, min(last, below - 1) - first + 1) for first, last in progress.beyond)
    lost = below - 1 - progress.mark - held
    return _settled(below - 1, list(progress.beyond)), lost


def _settled(mark: int, ranges: list[Range]) -> Progress:
    joined: list[Range] = []
    for first, last in sorted(ranges):
        if last <= mark:
            continue
        if first <= mark + 1:
            mark = last
        elif joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return Progress(mark, tuple(joined[:MAX_RANGES]))
