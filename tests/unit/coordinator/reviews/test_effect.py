"""Verdicts that are not in effect yet, are undone, or are taken back: what is so, and who is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from coordinator.incidents.states import State
from coordinator.reviews.effect import Told, effective_from, in_effect, in_force, told, without_undone
from coordinator.reviews.states import Act

BEGAN = datetime(2026, 11, 22, 15, tzinfo=UTC)
INCIDENT, MERGED = UUID(int=1), UUID(int=2)
A, S = Act, State


def at(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


@dataclass(frozen=True)
class Done:
    """An act at a second, and the state after it."""

    id: UUID
    act: Act
    state: State
    at_utc: datetime
    incident_id: UUID = INCIDENT
    actor: str = "ann"

    @property
    def effective_utc(self) -> datetime | None:
        return effective_from(self.act, self.at_utc)


Acts = list[tuple[float, Act, State]]


def done(acts: Acts) -> list[Done]:
    """The acts, each known by its place, from 1."""
    return [Done(UUID(int=n), act, state, at(s)) for n, (s, act, state) in enumerate(acts, 1)]


DISMISSED = [(0.0, A.DISMISS, S.DISMISSED)]
CONFIRMED = [(0.0, A.CONFIRM, S.SECONDING), (3.0, A.CONFIRM, S.CONFIRMED)]
APPEALED = [*CONFIRMED, (60.0, A.APPEAL, S.APPEALED)]
OVERTURNED = [*APPEALED, (90.0, A.OVERTURN, S.OVERTURNED)]
REOPENED = [*DISMISSED, (60.0, A.REOPEN, S.OPEN)]


@pytest.mark.parametrize(
    ("acts", "now_s", "state", "verdict"),
    [
        ([], 0, None, None),
        (DISMISSED, 9.999, None, None),
        (DISMISSED, 10, S.DISMISSED, 1),
        (CONFIRMED, 11, None, None),  # the first confirmation alone is no verdict
        (CONFIRMED, 13, S.CONFIRMED, 2),
        ([*DISMISSED, (4, A.UNDO, S.OPEN)], 99, None, None),
        ([*DISMISSED, (4, A.UNDO, S.OPEN), (5, A.CONFIRM, S.SECONDING)], 99, None, None),
        ([*DISMISSED, (4, A.UNDO, S.OPEN), (5, A.DISMISS, S.DISMISSED)], 14.9, None, None),
        ([*DISMISSED, (4, A.UNDO, S.OPEN), (5, A.DISMISS, S.DISMISSED)], 15, S.DISMISSED, 3),
        ([*CONFIRMED, (5, A.UNDO, S.SECONDING)], 99, None, None),
        ([*DISMISSED, (4, A.REOPEN, S.OPEN)], 99, None, None),  # taken back before anybody was told
        (APPEALED, 60, S.APPEALED, 2),
        (OVERTURNED, 99, S.APPEALED, 2),
        (OVERTURNED, 100, S.OVERTURNED, 2),
        ([*OVERTURNED, (95, A.UNDO, S.APPEALED)], 200, S.APPEALED, 2),
        ([(0.0, A.COMMENT, S.OPEN), (1.0, A.CLAIM, S.OPEN), *DISMISSED], 99, S.DISMISSED, 3),
    ],
)
def test_a_candidate_is_told_what_is_in_effect(
    acts: Acts, now_s: float, state: State | None, verdict: int | None
) -> None:
    expected = None if state is None else Told(state, UUID(int=verdict or 0))
    assert told(done(acts), at(now_s)) == expected


@pytest.mark.parametrize(
    ("more", "now_s", "expected"),
    [
        ([], 60, Told(S.OPEN, None, corrected=True)),
        ([(70.0, A.CONFIRM, S.SECONDING)], 90, Told(S.OPEN, None, corrected=True)),
        ([(70.0, A.DISMISS, S.DISMISSED)], 79, Told(S.OPEN, None, corrected=True)),
        ([(70.0, A.DISMISS, S.DISMISSED)], 80, Told(S.DISMISSED, UUID(int=3), corrected=True)),
        (
            [(70.0, A.DISMISS, S.DISMISSED), (90.0, A.REOPEN, S.OPEN)],
            90,
            Told(S.OPEN, None, corrected=True),
        ),
    ],
)
def test_what_a_candidate_was_told_and_is_taken_back_is_corrected(
    more: Acts, now_s: float, expected: Told
) -> None:
    assert told(done([*REOPENED, *more]), at(now_s)) == expected


def test_an_undone_verdict_leaves_what_was_before_it() -> None:
    overturned = in_force(without_undone(done([*OVERTURNED, (95.0, A.UNDO, S.APPEALED)])))
    assert overturned == in_force(without_undone(done(APPEALED)))
    assert (overturned.state, overturned.verdict_id) == (S.APPEALED, UUID(int=2))
    assert (overturned.decided_utc, overturned.effective_utc) == (at(3), at(13))
    assert in_force(without_undone(done([*DISMISSED, (4.0, A.UNDO, S.OPEN)]))) == in_force([])


def test_a_reopened_incident_has_no_verdict_and_a_second_confirmation_is_about_the_first() -> None:
    assert in_force(without_undone(done(REOPENED))).verdict_id is None
    again = in_force(without_undone(done([*REOPENED, (70.0, A.CONFIRM, S.SECONDING)])))
    assert (again.state, again.verdict_id, again.decided_utc) == (S.SECONDING, UUID(int=3), None)


def test_two_that_may_both_be_undone_are_both_not_in_effect() -> None:
    assert in_effect(done(CONFIRMED), at(9)) == []
    assert [step.state for step in in_effect(done(CONFIRMED), at(10.0))] == [S.SECONDING]
    assert len(in_effect(done(CONFIRMED), at(13.0))) == 2
    assert in_force(in_effect(done(OVERTURNED), at(99.0))).decided_utc == at(3)


def test_an_undo_leaves_the_acts_on_a_merged_incident() -> None:
    theirs = Done(UUID(int=8), A.CONFIRM, S.SECONDING, at(1), MERGED, "bob")
    mine = done(DISMISSED)[0]
    undo = Done(UUID(int=9), A.UNDO, S.OPEN, at(5))
    assert without_undone([mine, theirs, undo]) == [theirs]
