"""The head: what hangs, turns or jerks is found; what writes, nods and glances is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from edge.judging.policy_settings import monitor_settings
from edge.rules.monitor import Monitor
from shared.observations import HeadPose, Observation
from shared.policy.schema import Policy
from tests.support.observations import ONE, check, every, frame, head, lines, play, streamed, usual

SEEN = frame(0, faces=ONE, identity=check(0.9))


def posing(start_s: float, end_s: float, pose: HeadPose | None, rate_hz: float = 3.0) -> list[Observation]:
    return every(start_s, end_s, replace(SEEN, head=pose), rate_hz)


def found(*stretches: list[Observation]) -> list[tuple[str, str, Any]]:
    observations = [*usual(), *(each for stretch in stretches for each in stretch)]
    return lines(play(Monitor(monitor_settings(Policy())), streamed(observations)))


def test_a_hanging_head_is_found_with_its_span() -> None:
    assert found(posing(31, 40, head()), posing(40, 46, head(-40)), posing(46, 50, head())) == [
        ("HEAD_DOWN", "raised", 40.0), ("HEAD_DOWN", "cleared", 46.0)]  # fmt: skip


@pytest.mark.parametrize("pose", [head(-28), head(50), None], ids=["writing", "looking up", "not looked at"])
def test_what_is_no_hanging_head_raises_nothing(pose: HeadPose | None) -> None:
    assert found(posing(31, 60, pose)) == []


@pytest.mark.parametrize("yaw_deg", [50.0, -50.0])
def test_a_head_turned_to_either_side_is_found(yaw_deg: float) -> None:
    assert found(posing(31, 40, head()), posing(40, 46, head(0, yaw_deg)), posing(46, 50, head())) == [
        ("HEAD_TURNED_AWAY", "raised", 40.0), ("HEAD_TURNED_AWAY", "cleared", 46.0)]  # fmt: skip


def test_a_head_turned_less_or_shorter_raises_nothing() -> None:
    assert found(posing(31, 60, head(0, 40))) == []
    assert found(posing(31, 40, head()), posing(40, 42.4, head(0, 60)), posing(42.4, 60, head())) == []


def jerks(count: int, turn_deg: float, every_s: float) -> list[Observation]:
    """Turns of so many degrees within a third of a second, to and fro, slowly back in between."""
    observations = posing(31, 40, head())
    for number in range(count):
        start_s, side = 40 + number * every_s, 1 if number % 2 else -1
        observations += posing(start_s, start_s + every_s, head(0, side * turn_deg / 2))
    return observations


def test_three_quick_turns_within_half_a_minute_are_found() -> None:
    assert found(jerks(5, 44, 5.0)) == [("SUSPICIOUS_MOVEMENT", "raised", pytest.approx(44.67, abs=0.5))]


@pytest.mark.parametrize(
    ("count", "turn_deg", "every_s"),
    [(3, 44, 5.0), (8, 18, 5.0), (8, 44, 20.0)],
    ids=["two quick turns", "slow", "seldom"],
)
def test_fewer_slower_or_rarer_turns_raise_nothing(count: int, turn_deg: float, every_s: float) -> None:
    assert found(jerks(count, turn_deg, every_s)) == []


def test_a_turn_within_what_two_measures_leave_in_doubt_is_no_movement() -> None:
    doubtful = [
        replace(each, head=None if each.head is None else replace(each.head, doubt_deg=30))
        for each in jerks(5, 44, 5.0)
    ]
    assert found(doubtful) == []


@pytest.mark.parametrize("rate_hz", [3.0, 6.0, 10.0])
@pytest.mark.parametrize("away_deg", [25, 44])
def test_one_wrong_pose_is_no_movement(rate_hz: float, away_deg: float) -> None:
    steady, every_s = posing(31, 90, head(), rate_hz), round(5 * rate_hz)
    spiked = [replace(o, head=head(0, away_deg)) if n % every_s == 0 else o for n, o in enumerate(steady)]
    assert found(spiked) == []


def test_wrong_poses_at_both_ends_of_a_look_are_no_movement() -> None:
    stretches = []
    for start_s in range(31, 90, 6):
        seen = posing(start_s, start_s + 3, head())
        seen[0], seen[-1] = (replace(each, head=head(0, 44)) for each in (seen[0], seen[-1]))
        stretches += [seen, posing(start_s + 3, start_s + 6, None)]
    assert found(*stretches) == []
