"""Where the eyes look: long looks away are found with their true onset, reading and blinking are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from edge.judging.policy_settings import monitor_settings
from edge.rules.monitor import Monitor
from shared.events.types import EventType
from shared.observations import GazeSeen, Observation
from shared.policy.schema import Policy, parse_policy
from shared.policy.terms import Accommodation
from tests.support.observations import ONE, check, every, eyes, frame, head, lines, play, streamed, usual

SCREEN, ASIDE = eyes(-5, 0), eyes(-5, 60)
OFF, LONG, OFTEN = "GAZE_OFF_SCREEN", "PROLONGED_LOOK_AWAY", "FREQUENT_DISTRACTION"


def looking(start_s: float, end_s: float, gaze: GazeSeen | None, rate_hz: float = 3.0) -> list[Observation]:
    """Gaze at 3 Hz, the rate of the CPU levels, among faces at 5 Hz."""
    like = replace(frame(0, faces=ONE, identity=check(0.9)), gaze=gaze)
    return every(start_s, end_s, like, rate_hz)


def found(observations: Sequence[Observation], policy: Policy | None = None) -> list[tuple[str, str, Any]]:
    monitor = Monitor(monitor_settings(policy or Policy()))
    events = (OFF, LONG, OFTEN)
    said = lines(play(monitor, streamed([*usual(), *observations])))
    return [line for line in said if line[0] in events]


def test_a_look_away_longer_than_the_hold_is_found_with_its_true_span() -> None:
    away = [*looking(31, 40, SCREEN), *looking(40, 47, ASIDE), *looking(47, 55, SCREEN)]
    assert found(away) == [(OFF, "raised", 40.0), (OFF, "cleared", 47.0)]


def test_it_is_raised_when_the_hold_is_over_and_not_when_the_aggregate_is() -> None:
    monitor = Monitor(monitor_settings(Policy()))
    said = play(monitor, [*usual(), *looking(31, 40, SCREEN), *looking(40, 47, ASIDE)])
    (raised,) = [f for f in said if f.event is EventType.GAZE_OFF_SCREEN]
    assert (raised.onset_s, raised.at_s) == (40.0, 44.0)
    assert raised.evidence["gaze_yaw_deg"] == 60.0
    assert raised.evidence["zone_max_yaw_deg"] == 30.0


@pytest.mark.parametrize(
    "gaze",
    [eyes(-24, 0), eyes(14, 0), eyes(-5, 29), eyes(-5, -29), eyes(-5, 90, closed=True), None],
    ids=["bottom", "top", "left edge", "right edge", "eyes closed", "not looked at"],
)
def test_what_is_no_look_away_raises_nothing(gaze: GazeSeen | None) -> None:
    assert found(looking(31, 60, gaze)) == []


@pytest.mark.parametrize("gaze", [eyes(-30, 0), eyes(20, 0), eyes(-5, 35), eyes(-5, -35)])
def test_outside_any_edge_is_found(gaze: GazeSeen) -> None:
    assert (OFF, "raised", 31.0) in found(looking(31, 40, gaze))


def test_a_glance_shorter_than_the_hold_raises_nothing() -> None:
    assert found([*looking(31, 40, SCREEN), *looking(40, 43.4, ASIDE), *looking(43.4, 60, SCREEN)]) == []


def test_blinks_neither_end_a_look_away_nor_begin_one() -> None:
    blink = eyes(-40, 0, closed=True)
    away = [replace(o, gaze=blink) if n % 4 == 0 else o for n, o in enumerate(looking(40, 47, ASIDE))]
    assert (OFF, "raised", pytest.approx(40.0, abs=0.4)) in found([*looking(31, 40, SCREEN), *away])
    honest = [replace(o, gaze=blink) if n % 4 == 0 else o for n, o in enumerate(looking(40, 80, SCREEN))]
    assert found([*looking(31, 40, SCREEN), *honest]) == []


def test_single_wrong_looks_change_nothing() -> None:
    chance = Random(7)
    noisy = [replace(o, gaze=ASIDE if chance.random() < 0.15 else SCREEN) for o in looking(31, 150, SCREEN)]
    assert OFF not in {line[0] for line in found(noisy)}
    away = [replace(o, gaze=SCREEN if chance.random() < 0.15 else ASIDE) for o in looking(160, 180, ASIDE)]
    raised = [line for line in found([*looking(31, 160, SCREEN), *away]) if line[:2] == (OFF, "raised")]
    assert [line[2] for line in raised] == [pytest.approx(160.0, abs=1.0)]


def test_a_long_look_away_is_a_second_stage_of_the_same_episode() -> None:
    assert found([*looking(31, 40, SCREEN), *looking(40, 55, ASIDE)]) == [
        (OFF, "raised", 40.0), (LONG, "raised", 40.0)]  # fmt: skip
    assert LONG not in {line[0] for line in found([*looking(31, 40, SCREEN), *looking(40, 49, ASIDE)])}


def glances(count: int, length_s: float, every_s: float = 7.0) -> list[Observation]:
    """Looks aside from second 40 on, back at the screen between them."""
    marks = [31.0] + [40 + number * every_s for number in range(count)]
    spans = [*looking(31, 40, SCREEN)]
    for start_s, _ in pairwise([*marks[1:], 40 + count * every_s]):
        spans += looking(start_s, start_s + length_s, ASIDE)
        spans += looking(start_s + length_s, start_s + every_s, SCREEN)
    return spans


def test_more_than_five_glances_in_a_minute_are_repeated_off_screen_gaze() -> None:
    assert (OFTEN, "raised", 40.0) in found(glances(6, 2.0))


@pytest.mark.parametrize(
    ("count", "length_s", "every_s"),
    [(5, 2.0, 7.0), (12, 0.6, 4.0), (12, 2.0, 15.0)],
    ids=["five", "too short", "too seldom"],
)
def test_fewer_shorter_or_rarer_glances_raise_nothing(count: int, length_s: float, every_s: float) -> None:
    assert OFTEN not in {line[0] for line in found(glances(count, length_s, every_s))}


def test_a_long_silence_of_the_gaze_restarts_every_wait() -> None:
    broken = [*looking(40, 43, ASIDE), *looking(40 + 12, 40 + 15, ASIDE)]
    assert found([*looking(31, 40, SCREEN), *broken]) == []


def test_a_short_aggregate_still_finds_what_is_looked_at_seldom() -> None:
    seldom = [*looking(31, 40, SCREEN, 1.0), *looking(40, 50, ASIDE, 1.0)]
    assert (OFF, "raised", 40.0) in found(seldom, parse_policy({"gaze_aggregate_s": 0.5}))


def test_the_zone_is_policy() -> None:
    wide = parse_policy({"gaze_zone": {"yaw_deg": 70}})
    assert found(looking(31, 60, ASIDE), wide) == []


def test_a_head_turned_with_the_gaze_is_one_finding_that_names_both() -> None:
    both = [replace(o, head=head(yaw_deg=60)) for o in looking(40, 48, ASIDE)]
    back = [replace(o, head=head()) for o in looking(48, 55, SCREEN)]
    said = play(
        Monitor(monitor_settings(Policy())), streamed([*usual(), *looking(31, 40, SCREEN), *both, *back])
    )
    told = [f for f in said if f.event is not EventType.CALIBRATED]
    assert lines(told) == [("HEAD_TURNED_AWAY", "raised", 40.0), ("HEAD_TURNED_AWAY", "cleared", 48.0)]
    assert [f.together_with for f in told] == [EventType.GAZE_OFF_SCREEN] * 2


def test_a_gaze_that_was_off_before_the_head_turned_stays_the_one_finding() -> None:
    off = [replace(o, head=head()) for o in looking(40, 45, ASIDE)]
    both = [replace(o, head=head(yaw_deg=60)) for o in looking(45, 49, ASIDE)]
    back = [replace(o, head=head()) for o in looking(49, 55, SCREEN)]
    said = play(
        Monitor(monitor_settings(Policy())),
        streamed([*usual(), *looking(31, 40, SCREEN), *off, *both, *back]),
    )
    told = [f for f in said if f.event is not EventType.CALIBRATED]
    assert lines(told) == [(OFF, "raised", 40.0), (OFF, "cleared", 49.0)]
    assert [f.together_with for f in told] == [None, EventType.HEAD_TURNED_AWAY]


@pytest.mark.parametrize("muted", [EventType.GAZE_OFF_SCREEN, EventType.HEAD_TURNED_AWAY])
def test_a_muted_twin_is_neither_told_nor_weighed(muted: EventType) -> None:
    policy = Policy().for_candidate(Accommodation(muted=(muted,)))
    both = [replace(o, head=head(yaw_deg=60)) for o in looking(40, 48, ASIDE)]
    back = [replace(o, head=head()) for o in looking(48, 55, SCREEN)]
    said = play(
        Monitor(monitor_settings(policy)), streamed([*usual(), *looking(31, 40, SCREEN), *both, *back])
    )
    told = [f for f in said if f.event is not EventType.CALIBRATED]
    assert len(told) == 2
    assert muted not in {f.event for f in told} | {f.together_with for f in told}


def test_each_alone_is_told_alone() -> None:
    turned = [replace(o, head=head(yaw_deg=60)) for o in looking(40, 46, SCREEN)]
    said = play(Monitor(monitor_settings(Policy())), streamed([*usual(), *looking(31, 40, SCREEN), *turned]))
    (told,) = [f for f in said if f.event is not EventType.CALIBRATED]
    assert (told.event, told.together_with) == (EventType.HEAD_TURNED_AWAY, None)


def test_a_look_away_ends_where_no_face_is_left_to_look() -> None:
    away, gone = looking(40, 46, ASIDE), every(46, 60, frame(0, faces=()))
    assert found([*looking(31, 40, SCREEN), *away, *gone]) == [(OFF, "raised", 40.0), (OFF, "cleared", 46.0)]


def test_a_face_lost_for_a_moment_does_not_undo_a_beginning_look_away() -> None:
    away = [replace(o, faces=(), gaze=None) if 42 < o.at < 43 else o for o in looking(40, 46, ASIDE)]
    assert (OFF, "raised", 40.0) in found([*looking(31, 40, SCREEN), *away])
