"""What must hold for whole exams, whatever happens in them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, Final

import pytest
from hypothesis import given, settings, strategies as st

from edge.judging.policy_settings import monitor_settings
from edge.rules.findings import Finding
from edge.rules.monitor import Monitor, MonitorState
from shared.observations import (
    Box,
    HandsSeen,
    HeadPose,
    NotJudged,
    ObjectSeen,
    Observation,
    PersonsSeen,
    PhraseHeard,
    SoundHeard,
    SpeakersHeard,
)
from shared.policy.schema import Policy
from shared.recorded import read_lines, write_line
from tests.support.any_observation import any_session
from tests.support.everything import exam_of_everything, policy_of_everything
from tests.support.observations import (
    BLACK,
    LIGHT,
    ONE,
    TWO,
    alive,
    arrival,
    body,
    check,
    every,
    eyes,
    face,
    frame,
    head,
    heard,
    lines,
    moved,
    play,
    sound,
    window,
)
from tests.support.rare import RARE
from tests.support.states import changed_fields, kinds

SETTINGS = monitor_settings(Policy(baseline_s=5))
EVERY_RULE = monitor_settings(policy_of_everything())
ROOM: dict[str, Any] = {
    "persons": PersonsSeen(count=2, score=0.9),
    "hands": HandsSeen(to_ear_head_widths=0.2),
    "liveness": 0.1,
    "objects": (ObjectSeen(kind="phone", score=0.9, box=Box(0, 0, 9, 9)),),
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
    st.just(heard(0.0, [0.95, 0.1] * 8, lost_share=0.2)),
    st.just(sound(0, speakers=SpeakersHeard(count=2, window_s=10), microphone_silent=True)),
    st.just(
        sound(
            0,
            sounds=(SoundHeard(kind="typing", score=0.9),),
            phrases=(PhraseHeard(phrase="hey", score=0.9),),
            failed=("speech",),
        )
    ),
    st.sampled_from(
        [
            arrival(0),
            replace(frame(0, faces=ONE), not_judged=(NotJudged(task="liveness", reason="too dim"),)),
        ]
    ),
)
TURNING = replace(frame(0, faces=ONE), head=HeadPose(0.0, 40.0, 0.0, doubt_deg=2.0))
"""Turned the other way at every second look."""
POSTER = replace(frame(0, faces=TWO), own_face=0, alike_faces=(1,))
"""The second face keeps still."""
STRANGER = frame(0, faces=ONE, identity=check(0.4))
DAMAGED = replace(frame(0, faces=ONE), damaged=True)
MUTTERING = heard(0.0, [0.95] * 16)
"""Heard in every third window; the others are quiet."""
SHORT: Final = sorted(RARE.keys() - {"nodding"})
"""Rare stretches of less than 100 looks."""
Moment = Observation | str
"""What is seen or heard for a while, or the name of a rare stretch."""
brief = st.tuples(moments, st.integers(1, 6), st.sampled_from([0.0, 0.0, 1.5, 4.0]))
lasting = st.tuples(
    st.sampled_from([TURNING, POSTER, STRANGER, DAMAGED, MUTTERING, *SHORT]),
    st.integers(4, 24),
    st.just(0.0),
)
exams = st.lists(st.one_of(brief, brief, brief, lasting), max_size=8)


def unfold(exam: Sequence[tuple[Moment, int, float]]) -> list[Observation]:
    """Each moment repeated at its cadence, after the silence before it."""
    observations: list[Observation] = []
    at = 0.0
    for moment, repeats, silence_s in exam:
        at += silence_s
        if isinstance(moment, str):
            observations += [moved(each, at) for each in RARE[moment]()]
            at = observations[-1].at + 0.5
            continue
        rate_hz = 1 / 0.512 if moment.frame_id is None else 2.0
        count = repeats * 2
        looks = every(0, count / rate_hz, moment, rate_hz)
        observations += [moved(changed(moment, each, n), at) for n, each in enumerate(looks)]
        at += count / rate_hz
    return observations


def changed(moment: Observation, look: Observation, number: int) -> Observation:
    """What a moment that does not stay the same is at this look."""
    if moment is TURNING and number % 2:
        return replace(look, head=HeadPose(0.0, -40.0, 0.0, doubt_deg=2.0))
    if moment is MUTTERING and number % 3:
        return replace(look, speech=window(0.0, 0.1).speech)
    if moment is POSTER:
        return alive(replace(moment, at=look.at, frame_id=look.frame_id), faces=(0,))
    return look


@settings(deadline=None, max_examples=25)
@given(exams)
def test_raised_and_cleared_alternate_per_event_and_share_their_onset(
    exam: list[tuple[Moment, int, float]],
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


def carried(monitor: Monitor, resumed_s: float | None = None) -> Monitor:
    """Another one that goes on from what this one saved, whose keys may have been sorted on the way."""
    saved = json.dumps(monitor.snapshot(), sort_keys=True)
    assert len(saved) < 16_384
    other = Monitor(EVERY_RULE)
    other.restore(json.loads(saved), resumed_s=resumed_s)
    return other


@settings(deadline=None, max_examples=25)
@given(exams, st.integers(0, 80))
def test_a_snapshot_anywhere_gives_the_same_findings(exam: list[tuple[Moment, int, float]], cut: int) -> None:
    observations = unfold(exam)
    first, whole = Monitor(EVERY_RULE), Monitor(EVERY_RULE)
    found = play(first, observations[:cut])
    second = carried(first)
    found += play(second, observations[cut:]) + second.finish(1_000.0)
    assert found == play(whole, observations) + whole.finish(1_000.0)


@settings(deadline=None, max_examples=20)
@given(exams)
def test_a_session_that_is_carried_on_after_every_observation_never_differs(
    exam: list[tuple[Moment, int, float]],
) -> None:
    moving, whole = Monitor(EVERY_RULE), Monitor(EVERY_RULE)
    for observation in unfold(exam):
        moving = carried(moving)
        assert moving._state == whole._state
        assert play(moving, [observation]) == play(whole, [observation])
        assert moving.holding() == whole.holding()
    assert carried(moving).finish(1_000.0) == whole.finish(1_000.0)


def act(monitor: Monitor, deed: str, look: Observation) -> list[Finding]:
    """Do to a monitor what else its session does, just after a look."""
    match deed:
        case "late":
            return monitor.tick(look.at, late_s=0.8)
        case "resume":
            monitor.resume(look.at)
        case "expect":
            monitor.expect(look.at)
        case "old":
            return monitor.observe(moved(look, -2.0))
        case "pause":
            monitor._pause(look.at + 1.0)
    return []


DEEDS: Final = ("late", "resume", "expect", "old", "pause")
deeds = st.dictionaries(st.integers(0, 80), st.sampled_from(DEEDS), max_size=6)


@settings(deadline=None, max_examples=20)
@given(exams, deeds)
def test_a_late_paused_or_reconnected_session_is_carried_on_like_any(
    exam: list[tuple[Moment, int, float]], deeds: dict[int, str]
) -> None:
    follow(unfold(exam), deeds)


def follow(exam: Sequence[Observation], deeds: dict[int, str]) -> None:
    """Play an exam that is carried on after every observation beside one that stays."""
    moving, whole = Monitor(EVERY_RULE), Monitor(EVERY_RULE)
    for number, observation in enumerate(exam):
        moving = carried(moving)
        assert play(moving, [observation]) == play(whole, [observation])
        deed = deeds.get(number, "")
        assert act(moving, deed, observation) == act(whole, deed, observation)
        assert moving._state == whole._state
    assert carried(moving).finish(1_000.0) == whole.finish(1_000.0)


@settings(deadline=None, max_examples=20)
@given(any_session, deeds)
def test_any_recorded_session_is_carried_on_after_every_observation(
    session: list[Observation], deeds: dict[int, str]
) -> None:
    follow([*read_lines(map(write_line, session))], deeds)


DONE_TO: Final = {name: dict(zip((6, 8, 10, 12, 14), DEEDS, strict=True)) for name in ("torn", "exchanged")}
"""What else the session does in some stretches, by the number of the look before it."""


@pytest.mark.parametrize("name", RARE)
def test_a_rare_stretch_is_carried_on_after_every_observation(name: str) -> None:
    follow(RARE[name](), DONE_TO.get(name, {}))


def test_every_field_that_is_saved_is_changed_by_some_exam() -> None:
    # Both are exams of which tests save and restore the state at every observation.
    changed = changes(exam_of_everything(), {}, every=5)
    for name, stretch in RARE.items():
        changed |= changes(stretch(), DONE_TO.get(name, {}))
    saved = {f"{kind.__name__}.{each.name}" for kind in kinds(MonitorState) for each in fields(kind)}
    assert saved - changed == set()


def changes(exam: Sequence[Observation], deeds: dict[int, str], every: int = 1) -> set[str]:
    """The saved fields that an exam changes, looked at after each so many observations."""
    monitor, changed = Monitor(EVERY_RULE), set[str]()
    for number, observation in enumerate(exam):
        play(monitor, [observation])
        act(monitor, deeds.get(number, ""), observation)
        if number % every == 0 or number in deeds:
            changed |= changed_fields(monitor._state)
    return changed


@settings(deadline=None, max_examples=25)
@given(exams, st.integers(0, 80), st.sampled_from([0.0, 1.0, 9.0, 40.0]))
def test_a_pause_is_the_same_whether_the_session_is_carried_on_or_stays(
    exam: list[tuple[Moment, int, float]], cut: int, away_s: float
) -> None:
    observations = unfold(exam)
    before, after = observations[:cut], [moved(each, away_s) for each in observations[cut:]]
    resumed_s = (before[-1].at if before else 0.0) + away_s
    staying = Monitor(EVERY_RULE)
    play(staying, before)
    moving = carried(staying, resumed_s)
    staying._pause(resumed_s)
    assert moving._state == staying._state
    assert play(moving, after) + moving.finish(1_000.0) == play(staying, after) + staying.finish(1_000.0)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(0, 4), max_size=40))
def test_unknowns_in_any_place_raise_nothing_about_the_candidate(order: list[int]) -> None:
    honest = frame(0, faces=ONE, identity=check(0.9), body=body(shoulders=True))
    unknown = [frame(0), arrival(0), frame(0, picture=None), window(0, 0.0, lost_share=1.0)]
    exam = [([honest, *unknown][kind], 1, 0.0) for kind in order]
    found = {line[0] for line in lines(play(Monitor(SETTINGS), unfold(exam)))}
    assert found <= {"STREAM_STALLED", "CANDIDATE_OFFLINE", "LOW_FRAME_RATE"}
