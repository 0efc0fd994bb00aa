"""Several signs within one window: only all of them together, only within it, and as the policy says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

import pytest

from edge.judging.policy_settings import monitor_settings
from edge.rules.findings import Finding
from edge.rules.monitor import Monitor
from shared.events.types import EventType
from shared.observations import Observation
from shared.policy.schema import Policy, parse_policy
from shared.policy.terms import Accommodation
from tests.support.observations import ONE, arrival, check, every, eyes, frame, play, usual, windows

FUSED = EventType.HIGH_CONFIDENCE_CHEATING


@cache
def exam(
    away: tuple[float, float], wrong: tuple[float, ...], voice: tuple[float, float]
) -> tuple[Observation, ...]:
    """A calibration, a look away, mismatching checks at the given seconds, and speech."""
    wrong_s, end_s = set(wrong), max(170.0, voice[1] + 4.0)
    seen = []
    for look in [*usual(), *every(30.4, end_s, replace(frame(0, faces=ONE), gaze=eyes(-5, 0)))]:
        gaze = eyes(-5, 70) if away[0] <= look.at < away[1] else look.gaze
        score = 0.5 if round(look.at, 3) in wrong_s else 0.9
        seen.append(replace(look, gaze=gaze, identity=check(score) if look.at % 1 < 0.01 else None))
    heard = [*windows(30, voice[0], 0.02), *windows(*voice, 0.95), *windows(voice[1], end_s, 0.02)]
    return tuple(sorted([*seen, *heard], key=lambda each: each.at))


def fused(observations: Iterable[Observation], policy: Policy | None = None) -> list[Finding]:
    return [f for f in play(Monitor(monitor_settings(policy or Policy())), observations) if f.event is FUSED]


ALL = ((100.0, 115.0), (101.0, 103.0, 105.0), (105.0, 112.0))


def test_mismatches_gaze_and_voice_within_a_minute_are_found_with_their_parts() -> None:
    raised, cleared = fused(exam(*ALL))
    assert raised.onset_s == 100.0
    assert 110.0 <= raised.at_s <= 111.0
    parts = raised.evidence["parts"]
    assert isinstance(parts, list)
    assert [str(part).split(":")[0] for part in parts] == [
        "FACE_MISMATCH", "GAZE_OFF_SCREEN", "VOICE_DETECTED"]  # fmt: skip
    assert 161.0 <= cleared.at_s <= 166.0


@pytest.mark.parametrize(
    "signs",
    [
        ((100.0, 115.0), (101.0, 103.0), (105.0, 112.0)),
        ((100.0, 109.0), (101.0, 103.0, 105.0), (105.0, 112.0)),
        ((100.0, 115.0), (101.0, 103.0, 105.0), (105.0, 106.0)),
        ((100.0, 115.0), (101.0, 103.0, 105.0), (190.0, 196.0)),
        ((100.0, 115.0), (31.0, 33.0, 35.0), (105.0, 112.0)),
    ],
    ids=["two mismatches", "a shorter look away", "too little speech", "speech later", "mismatches before"],
)
def test_less_of_any_or_spread_wider_raises_nothing(
    signs: tuple[tuple[float, float], tuple[float, ...], tuple[float, float]],
) -> None:
    assert fused(exam(*signs)) == []


def test_what_is_fused_is_policy() -> None:
    terms = [{"event": "GAZE_OFF_SCREEN"}, {"event": "VOICE_DETECTED", "more_than_s": 5}]
    policy = parse_policy({"fusion": {"window_s": 30, "terms": terms}})
    assert fused(exam((100.0, 108.0), (), (105.0, 113.0)), policy)
    assert not fused(exam((100.0, 108.0), (), (105.0, 109.0)), policy)


@pytest.mark.parametrize("muted", ["GAZE_OFF_SCREEN", "VOICE_DETECTED", "FACE_MISMATCH", FUSED.value])
def test_what_is_muted_for_a_candidate_comes_in_by_no_back_door(muted: str) -> None:
    policy = Policy().for_candidate(Accommodation(muted=(EventType(muted),)))
    assert fused(exam(*ALL), policy) == []


@pytest.mark.parametrize(("stalled", "found"), [(False, 1), (True, 0)])
def test_a_check_that_is_done_when_the_stream_has_stalled_counts_for_nothing(
    *, stalled: bool, found: int
) -> None:
    terms = [{"event": "FACE_MISMATCH", "more_than_checks": 2}, {"event": "VOICE_DETECTED"}]
    monitor = Monitor(monitor_settings(parse_policy({"fusion": {"terms": terms}})))
    wrong = [frame(at, faces=ONE, identity=check(0.5)) for at in (1.0, 2.0, 4.0)]
    before = sorted([*wrong[:2], *windows(0, 4, 0.95), arrival(4.0)], key=lambda each: each.at)
    assert FUSED not in {f.event for f in play(monitor, before)}
    if stalled:
        assert {f.event for f in monitor.tick(7.0)} == {EventType.STREAM_STALLED}
    assert len([f for f in monitor.observe(wrong[2]) if f.event is FUSED]) == found


def test_the_end_of_the_exam_ends_it() -> None:
    subject = Monitor(monitor_settings(Policy()))
    play(subject, [each for each in exam(*ALL) if each.at < 130])
    ended = [f for f in subject.finish(130.0) if f.event is FUSED]
    assert [(f.phase, f.evidence["open_at_end"]) for f in ended] == [("cleared", True)]
