"""Two policies that differ in one field differ in that field, whichever it is."""

from __future__ import annotations

from typing import Any

from hypothesis import assume, given, strategies as st

from shared.errors import Rejected
from shared.events.types import EventType
from shared.policy.diff import Change, differences
from shared.policy.rules import DEFAULT_RULES, THRESHOLD_UNITS
from shared.policy.schema import Policy, parse_policy

WAITS = st.floats(0, 600, allow_nan=False)
NUMBERS = {
    "min_face_px": st.floats(8, 500),
    "mismatch_checks": st.integers(2, 60),
    "match_checks": st.integers(1, 60),
    "liveness_checks": st.integers(3, 60),
    "gaze_aggregate_s": st.floats(0.5, 10),
    "speech_pause_s": WAITS,
    "blocked_luma_variance": st.floats(0, 16_256),
    "baseline_s": st.floats(5, 300),
    "max_gap_s": st.floats(1.25, 30),
}


@given(st.data())
def test_one_changed_number_is_the_only_difference(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(NUMBERS)))
    value = data.draw(NUMBERS[name])
    before = getattr(Policy(), name)
    expected = [] if value == before else [Change(name, before, value)]
    assert differences(Policy(), parse_policy({name: value})) == expected


@given(st.data())
def test_one_changed_field_of_a_rule_is_the_only_difference(data: st.DataObject) -> None:
    event = data.draw(st.sampled_from([*DEFAULT_RULES]))
    field, value = data.draw(_fields(event))
    try:
        after = parse_policy({"rules": {event.value: {field: value}}})
    except Rejected:
        assume(False)
        raise
    before = DEFAULT_RULES[event].model_dump(mode="json")[field]
    expected = [] if value == before else [Change(f"rules.{event}.{field}", before, value)]
    assert differences(Policy(), after) == expected


def _fields(event: EventType) -> st.SearchStrategy[tuple[str, Any]]:
    fields = [
        st.tuples(st.sampled_from(["hold_s", "clear_s"]), WAITS),
        st.tuples(st.just("severity"), st.floats(0, 1)),
        st.tuples(st.just("enabled"), st.booleans()),
        st.tuples(st.just("action"), st.sampled_from(["none", "warning", "escalate", "auto-pause"])),
    ]
    known = THRESHOLD_UNITS.get(event)
    if known is not None:
        fields.append(st.tuples(st.just("threshold"), st.floats(known.low, known.high)))
    return st.one_of(fields)
