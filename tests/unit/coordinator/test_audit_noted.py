"""Which acts are written in the audit log, and when a repetition is none."""

from __future__ import annotations

import pytest

from coordinator.audit.noted import IMPERSONAL, MOST_REMEMBERED, REPEATED_WITHIN_S, Reads, is_noted, outcome
from shared.tokens import Role


@pytest.mark.parametrize(
    ("act", "role", "reads_only", "status", "noted"),
    [
        ("get_session", Role.PROCTOR, True, 200, True),
        ("get_session", Role.PROCTOR, True, 404, True),
        ("get_session", Role.CANDIDATE, True, 200, False),
        ("get_session", Role.CANDIDATE, True, 403, True),
        ("get_session", Role.CANDIDATE, True, 410, False),
        ("end_session", Role.CANDIDATE, False, 200, True),
        ("list_exams", Role.SYSTEM, True, 200, False),
        ("create_exam", Role.SYSTEM, False, 201, True),
        ("create_exam", Role.PROCTOR, False, 403, True),
        ("create_exam", Role.SYSTEM, False, 422, False),
        ("create_exam", Role.SYSTEM, False, 429, False),
        ("create_exam", Role.SYSTEM, False, 500, True),
        ("look_at_link", None, True, 200, True),
        ("join", None, False, 200, True),
        ("", Role.ADMIN, False, 404, False),
    ],
)
def test_an_act_is_written_down_if_it_changes_something_or_reads_a_person(
    act: str, role: Role | None, reads_only: bool, status: int, noted: bool
) -> None:
    assert is_noted(act, role, reads_only=reads_only, status=status) is noted


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (200, "done"),
        (204, "done"),
        (399, "done"),
        (400, "refused 400"),
        (499, "refused 499"),
        (500, "failed 500"),
        (503, "failed 503"),
    ],
)
def test_an_outcome_is_told_by_the_answer(status: int, said: str) -> None:
    assert outcome(status) == said


def test_the_same_read_within_a_minute_is_one_act() -> None:
    reads = Reads()
    maria, paul = ("maria", "get_session", 1), ("paul", "get_session", 1)
    assert reads.is_new(maria, 0.0)
    assert not reads.is_new(maria, REPEATED_WITHIN_S - 0.1)
    assert reads.is_new(paul, 1.0)
    assert reads.is_new(("maria", "get_session", 2), 1.0)
    # Counted from the one that was written down: who looks all day long is written down every minute.
    assert reads.is_new(maria, REPEATED_WITHIN_S)
    assert not reads.is_new(maria, REPEATED_WITHIN_S + 1.0)


def test_an_act_that_could_not_be_written_down_is_new_again() -> None:
    reads = Reads()
    assert reads.is_new(("maria",), 0.0)
    reads.forget(("maria",))
    assert reads.is_new(("maria",), 1.0)


def test_the_memory_is_bounded_and_forgets_the_oldest_first() -> None:
    reads = Reads()
    for number in range(MOST_REMEMBERED + 1):
        assert reads.is_new((number,), float(number) / MOST_REMEMBERED)
    assert not reads.is_new((1,), 2.0)
    assert reads.is_new((0,), 2.0)


def test_what_is_impersonal_names_nobody() -> None:
    assert not {name for name in IMPERSONAL if "session" in name or "candidate" in name or "alert" in name}
