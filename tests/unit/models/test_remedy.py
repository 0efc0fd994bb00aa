"""What is done about a network that fails: five times the same again, then the next of its chain."""

from __future__ import annotations

import pytest

from models.remedy import ChainPlace, Remedy, after_failure, after_refusal


def remedies(standing: ChainPlace, *failed_s: float) -> tuple[list[Remedy], ChainPlace]:
    done: list[Remedy] = []
    for now_s in failed_s:
        standing, remedy = after_failure(standing, now_s)
        done.append(remedy)
    return done, standing


RESTART, STEP, WAIT = Remedy


@pytest.mark.parametrize(
    ("failed_s", "done"),
    [
        ([0], [RESTART]),
        ([0, 1, 2, 3, 4], [RESTART] * 5),
        ([0, 1, 2, 3, 4, 5], [RESTART] * 5 + [STEP]),
        ([0, 10, 20, 30, 40, 60], [RESTART] * 5 + [STEP]),
        ([0, 10, 20, 30, 40, 60.1], [RESTART] * 6),
        ([0, 1, 2, 3, 4, 5, 6], [RESTART] * 5 + [STEP, RESTART]),
        ([0, 0, 0, 0, 0, 0] * 2, ([RESTART] * 5 + [STEP]) * 2),
        ([0, 0, 0, 0, 0, 0] * 3, ([RESTART] * 5 + [STEP]) * 2 + [RESTART] * 5 + [WAIT]),
    ],
)
def test_five_restarts_in_a_minute_and_the_sixth_failure_steps(
    failed_s: list[float], done: list[Remedy]
) -> None:
    assert remedies(ChainPlace(0, 3), *failed_s)[0] == done


def test_at_the_end_of_the_chain_it_waits_until_it_may_be_opened_again() -> None:
    done, standing = remedies(ChainPlace(0, 1), 0, 1, 2, 3, 4, 5, 59, 60, 61, 62)
    assert done == [RESTART] * 5 + [WAIT] * 3 + [RESTART] * 2
    assert standing.restarted_s == (2, 3, 4, 61, 62)


def test_what_does_not_open_again_is_not_tried_five_times() -> None:
    _, standing = remedies(ChainPlace(0, 2), 0)
    standing, remedy = after_refusal(standing)
    assert (standing, remedy) == (ChainPlace(1, 2), STEP)
    assert after_refusal(standing) == (standing, WAIT)
