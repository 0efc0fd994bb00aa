"""Unwatched seconds of a session, added up over the runs of the nodes that watched it. Pure.

A node counts from when it took the session up, and forgets in a restart. So each run of a node is kept apart:
its latest words replace its earlier ones, and the session's seconds are the sum over its runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Final
from uuid import UUID

from shared.unwatched import Kind, Unwatched, added, rounded

MAX_RUNS: Final = 64
"""Of one session. A node that restarts more often has said enough."""
Runs = Mapping[str, Mapping[str, float]]
"""Seconds by kind, as last said in each run; JSON."""


def run_of(boot_id: UUID, epoch: int) -> str:
    """The name of one node's run in one assignment."""
    return f"{boot_id}/{epoch}"


def with_run(runs: Runs, run: str, said: Unwatched) -> dict[str, dict[str, float]] | None:
    """The runs with what is said now; None when that changes nothing. Seconds only grow."""
    before = runs.get(run, {})
    merged = {kind.value: max(seconds, before.get(kind.value, 0.0)) for kind, seconds in said.items()}
    if merged == before or (run not in runs and len(runs) >= MAX_RUNS):
        return None
    return {**{name: dict(each) for name, each in runs.items()}, run: merged}


def total(runs: Runs) -> dict[Kind, float] | None:
    """Unwatched seconds of the session by kind; None while no node has said any."""
    if not runs:
        return None
    nothing: Unwatched = {}
    return rounded(reduce(added, _read(runs.values()), nothing))


def _read(said: Iterable[Mapping[str, float]]) -> list[Unwatched]:
    return [{Kind(kind): seconds for kind, seconds in each.items()} for each in said]
