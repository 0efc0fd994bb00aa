"""What must hold for whole exams, whatever happens in them."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from typing import Any

from hypothesis import given, settings, strategies as st

from edge.judging.policy_settings import monitor_settings
from edge.rules.findings import Finding
from edge.rules.monitor import Monitor
from shared.observations import HandsSeen, Observation, PersonsSeen, SpeakersHeard
from shared.policy.schema import Policy
from tests.support.observations import (
    BLACK,
    LIGHT,
    ONE,
    TWO,
    arrival,
    body,
    check,
    every,
    eyes,
    face,
    frame,
    head,
    lines,
    moved,
    play,
    sound,
    window,
)

SETTINGS = monitor_settings(Policy(baseline_s=5))
ROOM: dict[str, Any] = {
    "persons": PersonsSeen(count=2, score=0.9),
    "hands": HandsSeen(to_ear_head_widths=0.2),
    "liveness": 0.1,
}
moments = st.one_of(
    st.builds(
        lambda faces, identity, body, picture, failed: frame(
            0, faces=faces, identity=identity, body=body, picture=picture, failed=failed
        ),
        st.sampled_from([None, (), ONE, TWO, (face(40),)]),
        st.sampled_from([None, check(None), check(0.9), check(0.5)]),
        st.sampled_from([None, body(shoulders=True), body(shoulders=False)]),
        st.sampled_from([None, LIGHT, BLACK]),
        st.sampled_from([(), ("head",)]),
    ),
    st.builds(
        lambda gaze, pose, room: replace(frame(0, faces=ONE), gaze=gaze, head=pose, **room),
        st.sampled_from([None, eyes(-5, 0), eyes(-5, 70), eyes(0, 0, closed=True)]),
        st.sampled_from([None, head(), head(-50), head(0, 70)]),
        st.sampled_from([{}, ROOM]),
    ),
    st.builds(window, st.just(0.0), st.sampled_from([0.0, 0.95])),
    st.just(sound(0, speakers=SpeakersHeard(count=2, window_s=10), microphone_silent=True)),
    st.just(arrival(0)),
)
exams = st.lists(st.tuples(moments, st.integers(1, 6), st.sampled_from([0.0, 0.0, 1.5, 4.0])), max_size=8)


def unfold(exam: list[tuple[Observation, int, float]]) -> list[Observation]:
    """Each moment repeated at its cadence, after the silence before it."""
    observations: list[Observation] = []
    at = 0.0
    for moment, repeats, silence_s in exam:
        at += silence_s
        rate_hz = 1 / 0.512 if moment.frame_id is None else 2.0
        count = repeats * 2
        observations += [moved(each, at) for each in every(0, count / rate_hz, moment, rate_hz)]
        at += count / rate_hz
    return observations


@settings(deadline=None, max_examples=25)
@given(exams)
def test_raised_and_cleared_alternate_per_event_and_share_their_onset(
    exam: list[tuple[Observation, int, float]],
) -> None:
    subject = Monitor(SETTINGS)
    found = play(subject, unfold(exam))
    found += subject.finish(1_000.0)
    by_event: dict[str, list[Finding]] = defaultdict(list)
    for finding in found:
        if finding.event != "CALIBRATED":
            by_event[finding.event].append(finding)
    for findings in by_event.values():
        assert [f.phase for f in findings] == ["raised", "cleared"] * (len(findings) // 2)
        assert [f.onset_s for f in findings[::2]] == [f.onset_s for f in findings[1::2]]
        assert all(f.onset_s <= f.at_s for f in findings)


@settings(deadline=None, max_examples=25)
@given(exams, st.integers(0, 80))
def test_a_snapshot_anywhere_gives_the_same_findings(
    exam: list[tuple[Observation, int, float]], cut: int
) -> None:
    observations = unfold(exam)
    first, second = Monitor(SETTINGS), Monitor(SETTINGS)
    found = play(first, observations[:cut])
    second.restore(json.loads(json.dumps(first.snapshot())))
    found += play(second, observations[cut:]) + second.finish(1_000.0)
    whole = Monitor(SETTINGS)
    assert found == play(whole, observations) + whole.finish(1_000.0)
    assert len(json.dumps(first.snapshot())) < 16_384


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(0, 4), max_size=40))
def test_unknowns_in_any_place_raise_nothing_about_the_candidate(order: list[int]) -> None:
    honest = frame(0, faces=ONE, identity=check(0.9), body=body(shoulders=True))
    unknown = [frame(0), arrival(0), frame(0, picture=None), window(0, 0.0, lost_share=1.0)]
    exam = [([honest, *unknown][kind], 1, 0.0) for kind in order]
    found = {line[0] for line in lines(play(Monitor(SETTINGS), unfold(exam)))}
    assert found <= {"STREAM_STALLED", "CANDIDATE_OFFLINE", "LOW_FRAME_RATE"}
