"""Adds up the unwatched seconds of a session over the runs of the nodes that watched it. Pure.

A node counts from the time at which it got the session, and starts from zero after a restart. So each run of
a node is kept separately: its latest report replaces its earlier ones, and the session's seconds are the sum
over its runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Final
from uuid import UUID

from shared.unwatched import Kind, Unwatched, added, rounded

MAX_RUNS: Final = 64
"""The most runs kept for one session."""
Runs = Mapping[str, Mapping[str, float]]
"""By run, the seconds by kind in its last report; JSON."""


def run_of(boot_id: UUID, epoch: int) -> str:
    """The name of one node's run in one assignment."""
    return f"{boot_id}/{epoch}"


def with_run(runs: Runs, run: str, said: Unwatched) -> dict[str, dict[str, float]] | None:
    """The runs with a new report; None if it changes nothing. Seconds only grow."""
    before = runs.get(run, {})
    merged = {kind.value: max(seconds, before.get(kind.value, 0.0)) for kind, seconds in said.items()}
    if merged == before or (run not in runs and len(runs) >= MAX_RUNS):
        return None
    return {**{name: dict(each) for name, each in runs.items()}, run: merged}


def total(runs: Runs) -> dict[Kind, float] | None:
    """Unwatched seconds of the session by kind; None while no node has reported any."""
    if not runs:
        return None
    nothing: Unwatched = {}
    return rounded(reduce(added, _read(runs.values()), nothing))


def _read(said: Iterable[Mapping[str, float]]) -> list[Unwatched]:
    return [{Kind(kind): seconds for kind, seconds in each.items()} for each in said]
