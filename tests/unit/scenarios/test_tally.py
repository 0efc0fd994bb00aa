"""Honest exams in turn, and what is told of them."""

from __future__ import annotations

from collections import Counter

from tests.scenarios.tally import Outcome, Varied, in_turn, table

PEOPLE, VARIATIONS = ("anna", "bob", "cem"), ("as it is", "grey", "dim", "bright")


def outcome(variation: str, person: str, *events: str, profile: str = "open") -> Outcome:
    return Outcome(
        exam=Varied(variation, person, profile),
        honest_s=40.0,
        unique_s=4.0,
        conduct=len(events),
        identity=0,
        events=events,
    )


def test_every_exam_comes_once_and_the_first_ones_are_spread() -> None:
    every = list(in_turn(PEOPLE, VARIATIONS, ("open", "registry"), done=()))
    assert len(every) == len(set(every)) == 3 * 4 * 2
    first = every[: len(VARIATIONS)]
    assert {each.variation for each in first} == set(VARIATIONS)
    assert max(Counter(each.person for each in first).values()) == 2
    assert {each.profile for each in every[:8]} == {"open", "registry"}


def test_what_is_done_does_not_come_again() -> None:
    every = list(in_turn(PEOPLE, VARIATIONS, ("open",), done=()))
    assert list(in_turn(PEOPLE, VARIATIONS, ("open",), done=set(every[:5]))) == every[5:]


def test_the_table_tells_each_variation_and_both_rates() -> None:
    told = table(
        [
            outcome("grey", "anna"),
            outcome("grey", "bob", "HAND_NEAR_EAR"),
            outcome("dim", "anna"),
            outcome("dim", "anna", profile="registry"),
        ]
    )
    opened, registry = told.split("registry:")
    assert "grey                   2 exams,     80 s: conduct 1, identity 0" in opened
    assert "dim                    1 exams,     40 s: conduct 0, identity 0" in opened
    assert "120 s of played footage: 30.00 an hour" in opened
    assert "8 s of different footage: 450.00 an hour" in opened
    assert "bob, grey: HAND_NEAR_EAR" in opened
    assert "all                    1 exams,     40 s: conduct 0, identity 0" in registry
