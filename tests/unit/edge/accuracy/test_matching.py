"""What counts as found, in time and in place, and what counts as a false alert."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter

from edge.accuracy.matching import Reported, explains, honest_s, match_reports
from edge.accuracy.truth import Stretch, Truth, Wanted, read_truth
from shared.errors import Corrupt
from shared.events.table import event_class
from shared.events.types import EventType

FACES = EventType.MULTIPLE_FACES
VOICE = EventType.VOICE_DETECTED
STRETCH = Stretch(
    behaviour="second person",
    begins_s=20,
    ends_s=30,
    wanted=(Wanted(event=FACES, holds_from_s=21),),
    allowed=(EventType.PRESENCE_LOSS,),
)
TRUTH = Truth(stretches=(STRETCH,))


def reported(event: EventType, onset_s: float, raised_s: float, cleared_s: float | None = None) -> Reported:
    return Reported(
        event=event,
        event_class=event_class(event),
        onset_s=onset_s,
        raised_s=raised_s,
        cleared_s=cleared_s,
    )


def hold_of(event: EventType) -> float:
    return {FACES: 3.0}.get(event, 0.0)


def test_a_report_in_its_stretch_is_found_in_time_and_in_place() -> None:
    matched = match_reports(TRUTH, [reported(FACES, 21.2, 24.4)], hold_of)
    (answer,) = matched.answers
    assert (answer.found, answer.in_time, answer.placed) == (True, True, True)
    assert answer.delay_s == pytest.approx(0.4)
    assert answer.onset_error_s == pytest.approx(0.2)
    assert matched.unexplained == ()


@pytest.mark.parametrize(
    ("onset_s", "raised_s", "in_time", "placed"),
    [(21.0, 25.5, True, True), (21.0, 25.6, False, True), (22.1, 25.1, True, False), (19.9, 23, True, False)],
)
def test_late_and_misplaced_reports_are_told_apart(
    onset_s: float, raised_s: float, in_time: bool, placed: bool
) -> None:
    (answer,) = match_reports(TRUTH, [reported(FACES, onset_s, raised_s)], hold_of).answers
    assert (answer.found, answer.in_time, answer.placed) == (True, in_time, placed)


def test_nothing_reported_is_a_miss_and_no_false_alert() -> None:
    matched = match_reports(TRUTH, [], hold_of)
    assert not matched.answers[0].found
    assert matched.unexplained == ()


@pytest.mark.parametrize("onset_s", [5.0, 18.9, 31.0])
def test_the_right_event_outside_its_stretch_is_false(onset_s: float) -> None:
    report = reported(FACES, onset_s, onset_s + 3)
    matched = match_reports(TRUTH, [report], hold_of)
    assert not matched.answers[0].found
    assert matched.unexplained == (report,)


def test_another_event_inside_a_stretch_is_false_unless_it_is_allowed() -> None:
    voice, loss = reported(VOICE, 22, 24), reported(EventType.PRESENCE_LOSS, 22, 25)
    assert match_reports(TRUTH, [voice, loss], hold_of).unexplained == (voice,)


def test_technical_events_are_no_false_alerts() -> None:
    assert match_reports(Truth(), [reported(EventType.STREAM_STALLED, 5, 8)], hold_of).unexplained == ()


def test_an_early_false_report_does_not_hide_the_true_one() -> None:
    (answer,) = match_reports(TRUTH, [reported(FACES, 19.2, 22.2), reported(FACES, 21, 24)], hold_of).answers
    assert answer.onset_s == 21


def test_honest_time_is_what_no_stretch_covers() -> None:
    assert honest_s(TRUTH, 100) == 90
    assert honest_s(TRUTH, 25) == 20
    assert honest_s(Truth(), 60) == 60


def test_a_twin_is_in_peace_until_its_event_comes() -> None:
    brief = Truth(stretches=(Stretch(behaviour="brief", begins_s=5, ends_s=7, barred=(FACES,)),))
    (quiet,) = match_reports(brief, [reported(VOICE, 5.5, 8), reported(FACES, 7, 10)], hold_of).twins
    (spoken,) = match_reports(brief, [reported(FACES, 5.1, 8.1)], hold_of).twins
    assert quiet.peaceful
    assert not spoken.peaceful
    assert len(match_reports(brief, [reported(FACES, 5.1, 8.1)], hold_of).unexplained) == 1


def test_an_onset_just_before_its_stretch_belongs_to_it() -> None:
    assert explains(STRETCH, FACES, 19.0)
    assert not explains(STRETCH, FACES, 18.99)


def test_a_truth_survives_its_file() -> None:
    truth = Truth(stretches=(STRETCH,), unique_s=12.5, shot="VP8", people=("anna",), policy={"version": 3})
    assert read_truth(TypeAdapter(Truth).dump_json(truth), "a.json") == truth


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"nonsense", "Invalid JSON"),
        (b'{"stretches": [{"behaviour": "x", "begins_s": 3, "ends_s": 2}]}', "end after it begins"),
        (b'{"stretches": [{"behaviour": "x", "begins_s": -1, "ends_s": 2}]}', "begins_s"),
        (b'{"unknown": 1}', "unknown"),
        (
            b'{"stretches": [{"behaviour": "x", "begins_s": 1, "ends_s": 5},'
            b' {"behaviour": "y", "begins_s": 4, "ends_s": 6}]}',
            "y begins before x ends",
        ),
    ],
)
def test_a_wrong_truth_is_refused_by_name_and_reason(text: bytes, reason: str) -> None:
    with pytest.raises(Corrupt, match=reason) as refusal:
        read_truth(text, "exam.json")
    assert str(refusal.value).startswith("exam.json")
