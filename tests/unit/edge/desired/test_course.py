"""What becomes of an order: applied, refused, or taken back to the last one that proved itself."""

from __future__ import annotations

import pytest

from edge.desired import course
from edge.desired.course import MOST_STARTS, KeptOrders
from shared.messages.desired import Desired
from shared.messages.message import parse

ONE, TWO, THREE = (Desired(version=number, settings={"rating": number}) for number in (1, 2, 3))
APPLIED = course.proved(course.on_trial(KeptOrders(), ONE, ()))


def told(kept: KeptOrders) -> tuple[int, str, int]:
    said = course.report(kept)
    return said.version, said.standing, said.in_force


def test_without_an_order_the_nodes_own_file_counts() -> None:
    assert course.in_force(KeptOrders()) is None
    assert told(KeptOrders()) == (0, "none", 0)
    assert course.starting(KeptOrders()) == KeptOrders()


def test_an_order_that_counts_at_once_is_tried_and_then_applied() -> None:
    tried = course.on_trial(KeptOrders(), ONE, ("hub-away",))
    assert told(tried) == (1, "trial", 1)
    assert tried.before == ("hub-away",)
    assert told(course.proved(tried)) == (1, "applied", 1)


def test_an_order_that_did_no_good_gives_way_to_the_one_before() -> None:
    tried = course.on_trial(APPLIED, TWO, ())
    back = course.rolled_back(tried, "the node was not well with it")
    assert told(back) == (2, "rolled-back", 1)
    assert course.in_force(back) == ONE
    assert course.report(back).reason == "the node was not well with it"


def test_the_first_order_that_did_no_good_gives_way_to_the_nodes_own_file() -> None:
    assert told(course.rolled_back(course.on_trial(KeptOrders(), ONE, ()), "no good")) == (
        1,
        "rolled-back",
        0,
    )


def test_an_order_after_one_that_was_taken_back_falls_back_to_the_good_one_too() -> None:
    back = course.rolled_back(course.on_trial(APPLIED, TWO, ()), "no good")
    again = course.rolled_back(course.on_trial(back, THREE, ()), "no good either")
    assert told(again) == (3, "rolled-back", 1)
    assert told(course.proved(course.on_trial(back, THREE, ()))) == (3, "applied", 3)


def test_a_refused_order_changes_nothing_that_counts() -> None:
    assert told(course.refused(APPLIED, TWO, "threads: too many")) == (2, "refused", 1)
    assert told(course.refused(KeptOrders(), ONE, "threads: too many")) == (1, "refused", 0)
    assert len(course.refused(KeptOrders(), ONE, "x" * 10_000).reason) <= 2_000


def test_what_needs_a_restart_counts_only_from_the_next_start_on() -> None:
    waits = course.waiting(APPLIED, TWO, ())
    assert told(waits) == (2, "pending", 1)
    assert "drain" in course.report(waits).reason
    assert told(course.starting(waits)) == (2, "pending", 1)  # it started for another reason
    tried = course.starting(course.restarting(waits))
    assert told(tried) == (2, "trial", 2)
    assert (tried.restarted, tried.starts) == (True, 1)
    assert told(course.proved(tried)) == (2, "applied", 2)


def test_another_order_takes_the_place_of_one_that_waits() -> None:
    assert told(course.waiting(course.waiting(APPLIED, TWO, ()), THREE, ())) == (3, "pending", 1)


def test_a_restart_for_what_was_taken_back_begins_no_trial() -> None:
    back = course.rolled_back(course.starting(course.restarting(course.waiting(APPLIED, TWO, ()))), "no good")
    assert course.restarting(back) == back
    assert told(course.starting(back)) == (2, "rolled-back", 1)


def test_an_order_with_which_the_daemon_does_not_stay_up_is_taken_back() -> None:
    kept = course.restarting(course.waiting(APPLIED, TWO, ()))
    for _ in range(MOST_STARTS):
        kept = course.starting(kept)
        assert told(kept) == (2, "trial", 2)
    assert told(course.starting(kept)) == (2, "rolled-back", 1)


def test_what_no_longer_fits_the_nodes_own_file_leaves_that_file_alone() -> None:
    assert told(course.without_good(APPLIED, "the file was changed")) == (1, "rolled-back", 0)


@pytest.mark.parametrize(
    "kept",
    [
        KeptOrders(),
        APPLIED,
        course.waiting(APPLIED, TWO, ("overloaded",)),
        course.starting(course.restarting(course.waiting(APPLIED, TWO, ()))),
        course.rolled_back(course.on_trial(APPLIED, TWO, ()), "no good"),
    ],
)
def test_it_is_kept_as_it_is(kept: KeptOrders) -> None:
    assert parse(KeptOrders, kept.model_dump_json().encode()) == kept
