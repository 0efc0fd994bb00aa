"""An event is one row: every event has one, and each says everything that is asked of it."""

from __future__ import annotations

import dataclasses

import pytest

from shared.events.looks import LOOK_OF, LOOKS, Look, Sense, fields_of, looks_of
from shared.events.row import BY_NODE, BY_PROCTOR, EventRow
from shared.events.table import EVENTS, event_class, in_order, lane
from shared.events.types import EventClass, EventType, Feature, Lane
from shared.observations import Observation
from shared.policy.terms import Features

ROWS = tuple(EVENTS.values())
SUSPICION = {EventClass.CONDUCT, EventClass.IDENTITY}
AROUND_A_FRAME = {"frame_id", "frame_width_px", "frame_height_px", "own_face"}
"""Fields of an observation that no look is made for."""
each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.event.value)


def test_every_event_has_one_row_in_the_order_of_the_list() -> None:
    assert [*EVENTS] == [*EventType]
    assert all(row.event is event for event, row in EVENTS.items())


def test_an_event_without_a_row_is_refused() -> None:
    with pytest.raises(ValueError, match="HEAD_DOWN"):
        in_order(tuple(row for row in ROWS if row.event is not EventType.HEAD_DOWN))


def test_two_rows_of_one_event_are_refused() -> None:
    with pytest.raises(ValueError, match="two rows"):
        in_order((*ROWS, ROWS[0]))


@each_row
def test_every_event_has_its_words(row: EventRow) -> None:
    assert row.words.title[0].isupper()
    assert row.words.sentence.endswith(".")
    if row.observed:
        assert row.words.raised.endswith(".")
        assert row.words.cleared.endswith(".")


def test_no_two_events_are_called_the_same() -> None:
    titles = [row.words.title for row in ROWS]
    assert len(set(titles)) == len(titles)


@each_row
def test_only_what_happens_once_has_no_rule(row: EventRow) -> None:
    once = row.event_class in (EventClass.MILESTONE, EventClass.PROCTOR)
    assert (row.rule is None) == once
    assert row.rule is not None or row.threshold is None


@each_row
def test_who_raises_an_event_goes_with_its_class(row: EventRow) -> None:
    if row.event_class in SUSPICION:
        assert row.raised_by == BY_NODE
    assert (row.raised_by == BY_PROCTOR) == (row.event_class is EventClass.PROCTOR)


@each_row
def test_a_default_lies_in_its_range_and_between_its_presets(row: EventRow) -> None:
    known = row.threshold
    if known is None:
        return
    low, high = known.at_low_sensitivity, known.at_high_sensitivity
    assert (low is None) == (high is None)
    assert known.low <= known.default <= known.high
    if low is not None and high is not None:
        assert known.relaxes(low, known.default)
        assert known.relaxes(known.default, high)
        assert all(known.low <= threshold <= known.high for threshold in (low, high))


@each_row
def test_trouble_weighs_nothing_and_needs_no_picture_of_a_person(row: EventRow) -> None:
    if row.event_class not in SUSPICION:
        # What was taken for a picture of a person is shown, so that people can see that it is one.
        assert row.pictured is (row.event is EventType.PICTURE_IN_VIEW)
        assert row.rule is None or row.rule.severity == 0
    if row.gap is not None:
        assert row.event_class is EventClass.TECHNICAL


@each_row
def test_what_does_not_last_has_no_waits(row: EventRow) -> None:
    if not row.waited_for:
        assert row.rule is not None
        assert (row.rule.hold_s, row.rule.clear_s) == (0, 0)


@each_row
def test_what_an_event_needs_is_what_a_look_says(row: EventRow) -> None:
    assert row.needs is None or row.needs in LOOK_OF
    assert row.needs is not None or row.feature is None


def test_every_value_of_an_observation_comes_from_one_look() -> None:
    values = {field.name for field in dataclasses.fields(Observation) if field.default is None}
    filled = [field for row in LOOKS.values() for field in row.fields]
    assert sorted(filled) == sorted(values - AROUND_A_FRAME)
    assert [*LOOKS] == [*Look]


def test_a_look_is_named_like_the_field_it_is_made_for_and_some_event_needs_it() -> None:
    assert all(look in row.fields for look, row in LOOKS.items())
    assert {LOOK_OF[row.needs] for row in ROWS if row.needs is not None} == {*Look}


@pytest.mark.parametrize("look", Look)
def test_no_level_does_more_than_the_one_above_it(look: Look) -> None:
    rates_hz = LOOKS[look].rates_hz
    assert [*rates_hz] == sorted(rates_hz, reverse=True)
    assert rates_hz[1] > 0, "L1 leaves nothing out"


def test_the_senses_share_nothing() -> None:
    assert {*looks_of(Sense.SIGHT)} | {*looks_of(Sense.HEARING)} == {*Look}
    assert not {*fields_of(Sense.SIGHT)} & {*fields_of(Sense.HEARING)}


def test_features_are_the_policy_s() -> None:
    assert {feature.value for feature in Feature} == {*Features.model_fields}


def test_conduct_and_identity_take_one_lane_and_everything_else_the_other() -> None:
    for event in EventType:
        assert (lane(event) is Lane.CONDUCT) == (event_class(event) in SUSPICION)


def test_rules_find_what_a_node_raises_and_nothing_else() -> None:
    assert not EVENTS[EventType.NODE_FAILOVER].observed
    assert not EVENTS[EventType.SESSION_STARTED].observed
    assert not EVENTS[EventType.CALIBRATED].observed
    assert EVENTS[EventType.CANDIDATE_OFFLINE].observed
