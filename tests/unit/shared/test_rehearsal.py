"""The comparison of what was reported with what the script says happened."""

from __future__ import annotations

import json

import pytest

from shared.errors import Corrupt
from shared.events.table import event_class
from shared.events.types import EventType
from shared.rehearsal import (
    Expectation,
    ObservedAlert,
    Script,
    Segment,
    compare,
    report_json,
    script_from_json,
    script_json,
)

SCRIPT = Script(
    duration_s=30,
    segments=(
        Segment(kind="honest", begins_s=0, ends_s=10, note="alone"),
        Segment(
            kind="empty_chair",
            begins_s=10,
            ends_s=20,
            note="gone",
            expected=(Expectation(event_type=EventType.FACE_NOT_FOUND, holds_from_s=11),),
            allowed=(EventType.PRESENCE_LOSS,),
        ),
        Segment(kind="honest", begins_s=20, ends_s=30, note="back"),
    ),
)


def alert(event: EventType, onset_s: float, arrived_s: float | None = None) -> ObservedAlert:
    return ObservedAlert(
        event_type=event,
        event_class=event_class(event),
        onset_s=onset_s,
        raised_s=onset_s + 5,
        arrived_s=arrived_s,
    )


def test_what_the_script_asks_for_and_nothing_else_passes() -> None:
    report = compare(SCRIPT, [alert(EventType.FACE_NOT_FOUND, 11.25, arrived_s=16.3)])
    assert report.passed
    assert not report.missing
    assert not report.unexpected
    (latency,) = report.latency_ms
    assert latency.from_condition_ms == pytest.approx(5250)
    assert latency.delivery_ms == pytest.approx(50)


def test_an_alert_that_does_not_come_is_missing() -> None:
    report = compare(SCRIPT, [])
    assert not report.passed
    assert [each.event_type for each in report.missing] == [EventType.FACE_NOT_FOUND]


@pytest.mark.parametrize("onset_s", [4.0, 8.9, 21.1])
def test_the_right_alert_in_the_wrong_stretch_is_missing_and_unexpected(onset_s: float) -> None:
    report = compare(SCRIPT, [alert(EventType.FACE_NOT_FOUND, onset_s)])
    assert not report.passed
    assert report.missing
    assert [each.segment for each in report.unexpected] == ["honest"]


@pytest.mark.parametrize("event", [EventType.VOICE_DETECTED, EventType.FACE_MISMATCH])
def test_conduct_and_identity_alerts_fail_an_honest_stretch(event: EventType) -> None:
    report = compare(SCRIPT, [alert(EventType.FACE_NOT_FOUND, 11), alert(event, 25)])
    assert not report.passed
    assert [(each.event_type, each.segment) for each in report.unexpected] == [(event, "honest")]


@pytest.mark.parametrize("event", [EventType.STREAM_STALLED, EventType.SESSION_STARTED])
def test_technical_events_and_milestones_are_not_judged(event: EventType) -> None:
    assert compare(SCRIPT, [alert(EventType.FACE_NOT_FOUND, 11), alert(event, 3)]).passed


def test_an_allowed_alert_may_come_but_only_in_its_segment() -> None:
    expected = alert(EventType.FACE_NOT_FOUND, 11)
    assert not compare(SCRIPT, [expected, alert(EventType.PRESENCE_LOSS, 12)]).unexpected
    assert compare(SCRIPT, [expected, alert(EventType.PRESENCE_LOSS, 25)]).unexpected


def test_a_foreign_alert_in_a_scripted_segment_is_named_but_does_not_fail() -> None:
    report = compare(SCRIPT, [alert(EventType.FACE_NOT_FOUND, 11), alert(EventType.VOICE_DETECTED, 15)])
    assert report.passed
    assert [each.segment for each in report.unexpected] == ["empty_chair"]


def test_an_onset_within_one_check_of_its_segment_still_belongs_to_it() -> None:
    assert compare(SCRIPT, [alert(EventType.FACE_NOT_FOUND, 9.2)]).passed


def test_the_script_survives_its_file() -> None:
    assert script_from_json(script_json(SCRIPT)) == SCRIPT


@pytest.mark.parametrize("text", [b"", b"{}", b"[1]", b'{"duration_s": 3, "segments": [{"kind": "dull"}]}'])
def test_something_else_is_no_script(text: bytes) -> None:
    with pytest.raises(Corrupt):
        script_from_json(text)


def test_the_report_file_has_the_five_lists_and_the_verdict() -> None:
    body = json.loads(report_json(compare(SCRIPT, [])))
    assert body["passed"] is False
    assert set(body) == {"passed", "expected", "observed", "missing", "unexpected", "latency_ms"}
