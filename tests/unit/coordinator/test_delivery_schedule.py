from datetime import UTC, datetime, timedelta

import pytest

from coordinator.deliveries.outcomes import DELIVERED, Ending, Outcome, trouble
from coordinator.deliveries.schedule import (
    Breaker,
    Pace,
    Tried,
    Try,
    after_try,
    breaker_after,
    may_send,
    probes,
    wait_s,
)

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
PACE = Pace()
DOWN = trouble("unreachable")
REFUSED = Outcome(Ending.REFUSED, "status-422")


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("failures", "chance", "waits"),
    [
        (0, 1.0, 1.0),
        (1, 0.0, 0.5),
        (1, 1.0, 1.0),
        (2, 1.0, 2.0),
        (3, 0.5, 3.0),
        (9, 1.0, 256.0),
        (10, 1.0, 300.0),
        (10, 0.0, 150.0),
        (10_000, 1.0, 300.0),
    ],
)
def test_waits_double_up_to_a_limit_and_are_spread(failures: int, chance: float, waits: float) -> None:
    assert wait_s(PACE, failures, chance) == waits


def test_a_delivered_one_keeps_its_count_and_is_not_dead() -> None:
    fate = after_try(PACE, Tried(3, NOW), DELIVERED, NOW, 1.0)
    assert (fate.attempts, fate.dead) == (3, False)


@pytest.mark.parametrize(("attempts", "dead"), [(0, False), (8, False), (9, True), (10, True)])
def test_a_message_that_is_refused_for_itself_is_dead_after_ten_tries(attempts: int, dead: bool) -> None:
    fate = after_try(PACE, Tried(attempts, NOW), REFUSED, NOW, 1.0)
    assert (fate.attempts, fate.dead) == (attempts + 1, dead)


@pytest.mark.parametrize(
    ("waited", "dead"),
    [(timedelta(), False), (timedelta(days=3, seconds=-1), False), (timedelta(days=3), True)],
)
def test_a_destination_that_does_not_work_is_given_up_after_days_however_often_it_was_tried(
    waited: timedelta, dead: bool
) -> None:
    assert after_try(PACE, Tried(1_000, NOW - waited), DOWN, NOW, 1.0).dead is dead


def test_the_wait_that_a_destination_asks_for_is_kept_by_the_delivery_and_the_destination() -> None:
    busy = Outcome(Ending.TROUBLE, "status-429", retry_after_s=120.0)
    assert after_try(PACE, Tried(0, NOW), busy, NOW, 0.0).next_try_utc == after(120)
    shut = breaker_after(PACE, Breaker(), Try(busy), NOW, 0.0)
    assert shut == Breaker(1, after(120))
    assert not may_send(shut, after(119.9))
    assert may_send(shut, after(120))
    assert not probes(PACE, shut)


def test_a_longer_wait_of_before_is_not_shortened() -> None:
    asked = Breaker(4, after(500))
    assert breaker_after(PACE, asked, Try(DOWN), NOW, 1.0) == Breaker(5, after(500))


@pytest.mark.parametrize(
    ("failures", "probe", "following"),
    [
        (0, False, Breaker(1)),
        (3, False, Breaker(4)),
        (4, False, Breaker(5, after(1))),
        (5, False, Breaker(5)),
        (5, True, Breaker(6, after(2))),
        (6, True, Breaker(7, after(4))),
        (40, True, Breaker(41, after(300))),
    ],
)
def test_after_some_failures_in_a_row_it_is_left_alone(
    failures: int, probe: bool, following: Breaker
) -> None:
    """One that fails while others of the same moment have failed adds nothing; a probe does."""
    assert breaker_after(PACE, Breaker(failures), Try(DOWN, probe), NOW, 1.0) == following


@pytest.mark.parametrize("before", [Breaker(), Breaker(3), Breaker(9, after(5))])
def test_a_success_ends_all_waits(before: Breaker) -> None:
    assert breaker_after(PACE, before, Try(DELIVERED), NOW, 1.0) == Breaker()


def tries_while_down(down_s: float) -> list[float]:
    """When a destination that is down from the beginning is tried, up to the try that succeeds."""
    at_s, breaker, tries = 0.0, Breaker(), list[float]()
    while True:
        tries.append(at_s)
        outcome = DOWN if at_s < down_s else DELIVERED
        fate = after_try(PACE, Tried(len(tries) - 1, NOW), outcome, after(at_s), 1.0)
        assert not fate.dead
        breaker = breaker_after(PACE, breaker, Try(outcome, probes(PACE, breaker)), after(at_s), 1.0)
        if outcome is DELIVERED:
            assert breaker == Breaker()
            return tries
        at_s = (max(fate.next_try_utc, breaker.open_until_utc or NOW) - NOW).total_seconds()


def test_a_destination_that_is_down_for_ten_minutes_is_tried_some_times_and_is_found_again() -> None:
    tries = tries_while_down(600.0)
    assert len(tries) <= 15
    assert 600.0 <= tries[-1] <= 900.0, "the longest wait is five minutes"


def test_a_weekend_is_not_given_up() -> None:
    tries = tries_while_down(64 * 3_600.0)
    assert tries[-1] - 64 * 3_600.0 <= 300.0
