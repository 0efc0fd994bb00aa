"""Where two nodes report one session, the later assignment counts, in whatever order they are heard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

import pytest

from coordinator.nodes.fleet import NodeState
from coordinator.sessions.presence.noting import said_by as phases
from coordinator.sessions.watched.noting import said_by as unseen
from coordinator.sessions.watched.runs import run_of
from shared.unwatched import Kind, Unwatched

ONE, OTHER = UUID(int=1), UUID(int=2)
BOOTS = UUID(int=11), UUID(int=12)


@dataclass
class State:
    session_id: UUID
    epoch: int
    phase: str
    unwatched_s: Unwatched | None


def heard(boot_id: UUID, *states: State) -> NodeState:
    """What a heartbeat said, as far as it is read here."""
    beat = cast(Any, type("Beat", (), {"boot_id": boot_id, "sessions": states}))
    return NodeState(beat, 0.0, cast(Any, None))


FORMER = heard(BOOTS[0], State(ONE, 1, "silent", {Kind.FACE: 9.0}), State(OTHER, 1, "paused", None))
NEWER = heard(BOOTS[1], State(ONE, 2, "watching", {Kind.FACE: 1.0}))


@pytest.mark.parametrize("nodes", [(FORMER, NEWER), (NEWER, FORMER)])
def test_the_later_assignment_counts(nodes: tuple[NodeState, ...]) -> None:
    assert phases(nodes) == {ONE: "watching", OTHER: "paused"}
    assert unseen(nodes) == {ONE: (run_of(BOOTS[1], 2), {Kind.FACE: 1.0})}


def test_of_a_session_without_seconds_nothing_is_noted_however_new_it_is() -> None:
    silent = heard(BOOTS[1], State(ONE, 2, "watching", None))
    assert unseen([silent]) == {}
    assert unseen([FORMER, silent]) == {ONE: (run_of(BOOTS[0], 1), {Kind.FACE: 9.0})}


def test_a_phase_is_kept_as_long_as_its_column_is() -> None:
    assert phases([heard(BOOTS[0], State(ONE, 1, "x" * 41, None))]) == {ONE: "x" * 40}
