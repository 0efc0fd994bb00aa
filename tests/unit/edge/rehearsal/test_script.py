"""The rehearsal's script keeps its promises: who is in the picture when, and for long enough."""

from __future__ import annotations

import itertools

import pytest

from edge.rehearsal.script import (
    FRAMES_PER_S,
    HEIGHT_PX,
    MOVE_S,
    WIDTH_PX,
    Figure,
    camera_at,
    enrollment_shots,
    figures_at,
    rehearsal_script,
    speech_span,
)
from shared.events.types import EventType
from shared.rehearsal import Kind, Segment

SCRIPT = rehearsal_script()
HOLD_S = {
    EventType.MULTIPLE_FACES: 3,
    EventType.FACE_MISMATCH: 4,
    EventType.FACE_NOT_FOUND: 5,
    EventType.LEFT_FRAME: 5,
    EventType.VOICE_DETECTED: 2,
}
CLEAR_S = 3
"""The slowest clearing of these rules: three matching checks at 1 Hz."""


def frame_times(segment: Segment) -> list[float]:
    first, last = round(segment.begins_s * FRAMES_PER_S), round(segment.ends_s * FRAMES_PER_S)
    return [number / FRAMES_PER_S for number in range(first, last)]


def of(kind: Kind) -> list[Segment]:
    return [segment for segment in SCRIPT.segments if segment.kind == kind]


def test_the_segments_fill_about_ninety_seconds_without_a_gap() -> None:
    assert SCRIPT.segments[0].begins_s == 0
    for before, after in itertools.pairwise(SCRIPT.segments):
        assert before.ends_s == after.begins_s
    assert SCRIPT.segments[-1].ends_s == SCRIPT.duration_s
    assert 80 <= SCRIPT.duration_s <= 100


def test_honest_stretches_surround_everything_and_outlast_the_clearing() -> None:
    kinds = [segment.kind for segment in SCRIPT.segments]
    assert kinds[::2] == ["honest"] * len(kinds[::2])
    assert "honest" not in kinds[1::2]
    assert all(segment.ends_s - segment.begins_s >= 2 * CLEAR_S for segment in of("honest"))
    assert SCRIPT.segments[0].ends_s >= 12, "the baseline needs an honest beginning"


def test_every_condition_lasts_longer_than_its_hold() -> None:
    for segment in SCRIPT.segments:
        for expectation in segment.expected:
            lasts_s = segment.ends_s - MOVE_S - expectation.holds_from_s
            assert lasts_s >= 1.5 * HOLD_S[expectation.event_type], expectation.event_type


def test_all_five_events_are_asked_for() -> None:
    assert {e.event_type for segment in SCRIPT.segments for e in segment.expected} == set(HOLD_S)


def test_an_honest_frame_shows_the_candidate_alone_near_the_middle() -> None:
    for segment in [*of("honest"), *of("voice")]:
        for at_s in frame_times(segment):
            (figure,) = figures_at(SCRIPT, at_s)
            assert figure.person == "candidate"
            assert abs(figure.x_px - WIDTH_PX / 2) < 40
            assert abs(figure.y_px - HEIGHT_PX * 0.43) < 20


@pytest.mark.parametrize(
    ("kind", "people"),
    [("second_face", ["other", "candidate"]), ("another_person", ["other"]), ("empty_chair", [])],
)
def test_a_scripted_segment_shows_what_it_says_once_everybody_has_moved(
    kind: Kind, people: list[str]
) -> None:
    (segment,) = of(kind)
    settled = [t for t in frame_times(segment) if segment.begins_s + MOVE_S <= t < segment.ends_s - MOVE_S]
    assert len(settled) > 4 * FRAMES_PER_S
    for at_s in settled:
        assert [figure.person for figure in figures_at(SCRIPT, at_s)] == people


def test_the_candidate_never_jumps() -> None:
    def candidates() -> list[Figure | None]:
        times = (number / FRAMES_PER_S for number in range(round(SCRIPT.duration_s * FRAMES_PER_S)))
        return [next((f for f in figures_at(SCRIPT, t) if f.person == "candidate"), None) for t in times]

    pairs = [(a, b) for a, b in itertools.pairwise(candidates()) if a is not None and b is not None]
    assert max(abs(b.x_px - a.x_px) for a, b in pairs) < 60
    assert max(abs(b.roll_deg - a.roll_deg) for a, b in pairs) < 0.5
    assert any(a.x_px != b.x_px for a, b in pairs)


def test_the_camera_never_shows_the_rooms_edge() -> None:
    for number in range(round(SCRIPT.duration_s * FRAMES_PER_S)):
        camera = camera_at(number / FRAMES_PER_S)
        assert 1 <= camera.zoom < 1.1
        assert abs(camera.x_px) < 20
        assert abs(camera.y_px) < 20
        assert abs(camera.roll_deg) < 1


def test_the_voice_is_heard_inside_its_segment_only() -> None:
    (segment,) = of("voice")
    begins_s, ends_s = speech_span(SCRIPT)
    assert segment.begins_s < begins_s < ends_s < segment.ends_s
    assert ends_s - begins_s >= 3 * HOLD_S[EventType.VOICE_DETECTED]


def test_the_enrollment_shows_five_different_pictures_of_the_candidate() -> None:
    shots = enrollment_shots()
    assert len(shots) == len(set(shots)) == 5
    assert {figure.person for figure, _ in shots} == {"candidate"}
