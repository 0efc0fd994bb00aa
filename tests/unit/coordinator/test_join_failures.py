"""Wrong codes shut out themselves and nobody else."""

import pytest

from coordinator.sessions.joining.failures import check_may_try, note_failure
from shared.errors import Rejected
from shared.rates import Buckets, Rate

HALL, HOME = "203.0.113.7", "198.51.100.4"
DEAD = "A" * 32


def failed(times: int, now: float = 0.0) -> Buckets:
    failures = Buckets(Rate(burst=10, per_s=0.1))
    for _ in range(times):
        note_failure(failures, HALL, DEAD, now)
    return failures


def test_a_code_that_failed_often_is_refused_and_told_when_to_come_back() -> None:
    failures = failed(10)
    with pytest.raises(Rejected) as refused:
        check_may_try(failures, HALL, DEAD, 1.0)
    assert (refused.value.status, refused.value.retry_after_s) == (429, 9)
    check_may_try(failures, HALL, DEAD, 10.0)


def test_other_codes_of_the_same_address_and_the_same_code_from_elsewhere_are_tried() -> None:
    failures = failed(500)
    check_may_try(failures, HALL, "B" * 32, 0.0)
    check_may_try(failures, HOME, DEAD, 0.0)


def test_trying_costs_nothing_and_only_failing_does() -> None:
    failures = failed(9)
    for _ in range(1_000):
        check_may_try(failures, HALL, DEAD, 0.0)
    note_failure(failures, HALL, DEAD, 0.0)
    with pytest.raises(Rejected):
        check_may_try(failures, HALL, DEAD, 0.0)


def test_failures_go_on_being_counted_after_a_rest() -> None:
    failures = failed(10)
    check_may_try(failures, HALL, DEAD, 10.0)
    note_failure(failures, HALL, DEAD, 10.0)
    with pytest.raises(Rejected):
        check_may_try(failures, HALL, DEAD, 10.5)
