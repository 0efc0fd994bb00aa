"""Speech time: what is spoken is found, what is short, interrupted or lost is not."""

from __future__ import annotations

import itertools

import pytest

from edge.judging.policy_settings import monitor_settings
from edge.rules.findings import Finding
from edge.rules.monitor import Monitor
from shared.events.types import EventType
from shared.observations import Observation
from shared.policy.schema import Policy
from tests.support.observations import ONE, check, every, frame, heard, lines, play, windows

TALK, QUIET = 0.95, 0.02


def findings(observations: list[Observation]) -> list[Finding]:
    """What is said of voices."""
    said = play(Monitor(monitor_settings(Policy())), observations)
    return [each for each in said if each.event is EventType.VOICE_DETECTED]


def parts(*stretches: tuple[float, float]) -> list[Observation]:
    """Windows from stretches (seconds, probability) in parts of 32 ms."""
    each = [probability for seconds, probability in stretches for _ in range(round(seconds / 0.032))]
    each += [QUIET] * (-len(each) % 16)
    return [heard(0.512 * (1 + start // 16), each[start : start + 16]) for start in range(0, len(each), 16)]


@pytest.mark.parametrize(
    ("stretches", "raised"),
    [
        ([(2.016, TALK)], True),
        ([(1.984, TALK)], False),
        ([(2.5, 0.8)], False),
        ([(1.2, TALK), (0.576, QUIET), (1.2, TALK)], True),
        ([(1.2, TALK), (0.704, QUIET), (1.2, TALK)], False),
        ([(0.5, TALK), (0.5, QUIET)] * 5, True),
        ([(0.5, TALK), (0.8, QUIET)] * 15, False),
        ([(60.0, QUIET)], False),
    ],
)
def test_speech_time_with_bridged_pauses(stretches: list[tuple[float, float]], raised: bool) -> None:
    quiet_around = [(1.0, QUIET), *stretches, (1.0, QUIET)]
    assert bool(findings(parts(*quiet_around))) is raised


def test_pauses_are_bridged_and_not_counted() -> None:
    (raised,) = findings(parts((1.024, TALK), (0.512, QUIET), (1.1, TALK)))
    assert raised.onset_s == 0.0
    assert raised.evidence["speech_seconds"] == 2.016
    assert raised.evidence["duration_seconds"] == pytest.approx(2.016 + 0.512)


def test_onset_is_the_first_part_and_end_the_last_one_of_speech() -> None:
    speech = parts((3.2, QUIET), (4.8, TALK), (1.92, QUIET), (0.32, TALK), (3.2, QUIET))
    raised, cleared = findings(speech)
    assert (round(raised.onset_s, 3), round(raised.at_s, 3)) == (3.2, 5.216)
    assert (cleared.onset_s, round(cleared.at_s, 3)) == (raised.onset_s, 10.24)
    assert cleared.confidence == 0.95


def test_lost_audio_neither_ends_speech_nor_adds_to_it() -> None:
    talk_then_loss = [*windows(0, 1.536, TALK), *windows(1.536, 3.072, QUIET, lost_share=1.0)]
    assert findings(talk_then_loss) == []
    (raised,) = findings([*talk_then_loss, *windows(3.072, 4.096, TALK)])
    assert raised.evidence["speech_seconds"] == 2.016


def test_long_lost_audio_restarts_the_count() -> None:
    assert (
        findings([*windows(0, 1.536, TALK), *windows(1.536, 6.144, 0.0, 1.0), *windows(6.144, 7.168, TALK)])
        == []
    )


def test_a_hole_between_windows_counts_as_lost() -> None:
    assert findings([*windows(0, 1.536, TALK), *windows(10.24, 11.776, TALK)]) == []


def test_lost_audio_clears_nothing() -> None:
    talk = windows(0, 3.072, TALK)
    assert [f.phase for f in findings([*talk, *windows(3.072, 30.72, QUIET, 1.0)])] == ["raised"]
    assert [f.phase for f in findings([*talk, *windows(3.072, 6.144, QUIET)])] == ["raised", "cleared"]


def test_a_long_loss_within_speech_is_no_part_of_what_it_lasted() -> None:
    *_, cleared = findings(
        [*windows(0, 3.072, TALK), *windows(33.792, 36.864, TALK), *windows(36.864, 46.08, QUIET)]
    )
    assert cleared.at_s == pytest.approx(36.864)
    assert cleared.evidence["unseen_seconds"] == pytest.approx(30.72)
    assert cleared.evidence["duration_seconds"] == pytest.approx(6.144)


def test_partly_lost_silence_counts_for_its_share() -> None:
    quiet = windows(3.072, 20, QUIET, lost_share=0.5)
    _, cleared = findings([*windows(0, 3.072, TALK), *quiet])
    assert cleared.at_s == pytest.approx(3.072)
    assert [f.phase for f in findings([*windows(0, 3.072, TALK), *quiet[:7]])] == ["raised"]


def test_video_between_the_windows_changes_nothing() -> None:
    video = every(0, 12, frame(0, faces=ONE, identity=check(0.86)))
    audio = [*windows(0, 3.072, TALK), *windows(3.072, 9.216, QUIET)]
    mixed = sorted(itertools.chain(video, audio), key=lambda each: each.at)
    assert lines(findings(mixed)) == lines(findings(audio))
    assert len(findings(audio)) == 2
