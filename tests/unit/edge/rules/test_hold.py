"""The debounce table."""

from __future__ import annotations

import itertools

import pytest

from edge.rules.episode import Episode, EpisodeState
from edge.rules.findings import Judgement, Phase
from edge.rules.hold import FRAME_S, NEXT, Hold, HoldState, State
from edge.rules.settings import RuleSettings
from shared.events.types import EventType
from shared.observations import Observation
from shared.saving import Saved, restore

Step = tuple[float, bool | None, Phase | None]
YES, NO = True, False
RAISED, CLEARED = Phase.RAISED, Phase.CLEARED
TABLE: dict[str, list[Step]] = {
    "a condition that lasts is raised when it has lasted": [
        (0, YES, None), (1, YES, None), (2, YES, None), (3, YES, RAISED), (4, YES, None)],
    "one no before the hold is over starts the wait anew": [
        (0, YES, None), (2, YES, None), (2.9, NO, None), (3, YES, None), (5, YES, None), (6, YES, RAISED)],
    "it is over when it has been gone for the clear time": [
        (0, YES, None), (1.5, YES, None), (3, YES, RAISED), (4, NO, None), (5, NO, None), (6, NO, CLEARED)],
    "one yes while clearing keeps it raised and is no second event": [
        (0, YES, None), (1.5, YES, None), (3, YES, RAISED), (4, NO, None), (5.9, YES, None), (6, NO, None),
        (7, NO, None), (8, NO, CLEARED)],
    "unknown between two yes counts as neither": [
        (0, YES, None), (1, None, None), (2, YES, None), (2.5, None, None), (3, YES, RAISED)],
    "unknown alone never raises": [(0, YES, None), *[(t, None, None) for t in range(1, 20)]],
    "unknown alone never clears": [
        (0, YES, None), (1.5, YES, None), (3, YES, RAISED), *[(t, None, None) for t in range(4, 20)]],
    "a gap restarts the hold": [
        (0, YES, None), (2.1, YES, None), (4, YES, None), (5, YES, None), (5.1, YES, RAISED)],
    "a gap restarts the clear time": [
        (0, YES, None), (1.5, YES, None), (3, YES, RAISED), (4, NO, None), (7, NO, None), (8.9, NO, None),
        (9, NO, CLEARED)],
    "a raised event stays raised through a gap": [
        (0, YES, None), (1.5, YES, None), (3, YES, RAISED), (60, YES, None), (61, NO, None),
        (63, NO, CLEARED)],
    "sums of frame times that fall short of the hold by rounding still reach it": [
        (0.1, YES, None), (0.1 + 1.5, YES, None), (0.1 + 1.5 + 1.5 - 1e-9, YES, RAISED)],
    "a look that comes a frame early waits for the next: nothing is raised before its hold": [
        (0, YES, None), (1, YES, None), (2, YES, None), (2.99, YES, None), (3.9, YES, RAISED), (4, NO, None),
        (5.99, NO, None), (6, NO, CLEARED)],
    "one look a second that is lost is no gap, though the next comes a frame late": [
        (0, YES, None), (1, YES, None), (3.07, YES, RAISED)],
}  # fmt: skip


@pytest.mark.parametrize("steps", TABLE.values(), ids=TABLE.keys())
def test_yes_and_no_raise_and_clear_once_they_have_held_and_unknown_does_neither(steps: list[Step]) -> None:
    hold = Hold(hold_s=3, clear_s=2, max_gap_s=2)
    assert [hold.see(at, value) for at, value, _ in steps] == [said for _, _, said in steps]


def test_zero_waits_raise_and_clear_at_once() -> None:
    hold = Hold(hold_s=0, clear_s=0, max_gap_s=2)
    assert [hold.see(at, value) for at, value in ((1, YES), (2, YES), (3, NO), (4, NO))] == [
        RAISED, None, CLEARED, None]  # fmt: skip


def test_onset_is_the_first_yes_and_end_the_first_no() -> None:
    hold = Hold(hold_s=1, clear_s=1, max_gap_s=2)
    for at, value in ((5.0, YES), (6.0, YES), (7.0, YES), (7.5, NO), (8.5, NO)):
        hold.see(at, value)
    assert (hold.onset_s, hold.gone_s, hold.state) == (5.0, 7.5, State.IDLE)


def test_onset_after_a_gap_is_what_is_known_since() -> None:
    hold = Hold(hold_s=1, clear_s=1, max_gap_s=2)
    hold.see(0, YES)
    hold.see(10, YES)
    assert hold.onset_s == 10


def test_what_is_known_only_until_earlier_has_lasted_until_then() -> None:
    hold = Hold(hold_s=1, clear_s=1, max_gap_s=2)
    said = [hold.see(at, YES, at - 0.5, at - 0.5) for at in (0.5, 1.0, 1.5)]
    assert said == [None, None, RAISED]
    assert (hold.onset_s, hold.raised_s) == (0.0, 1.5)


def test_an_episode_waits_only_for_what_is_known() -> None:
    rule = RuleSettings(hold_s=1, clear_s=1)
    episode = Episode(EventType.AUDIO_ANOMALY, rule, 2, EpisodeState())
    said = [
        episode.see(Observation(at=at, level=1), Judgement(True, since_s=at - 0.5, until_s=at - 0.5))
        for at in (0.5, 1.0, 1.5)
    ]
    assert said[:2] == [None, None]
    assert said[2] is not None
    assert (said[2].phase, said[2].onset_s, said[2].at_s) == (RAISED, 0.0, 1.5)


def test_every_state_and_value_has_a_transition() -> None:
    waiting_or_not = set(itertools.product(State, (True, False)))
    assert set(NEXT) == waiting_or_not


@pytest.mark.parametrize("away_s", [0.5, 20.0])
def test_a_pause_counts_for_no_wait(away_s: float) -> None:
    hold = Hold(hold_s=3, clear_s=2, max_gap_s=2)
    hold.see(0, YES)
    hold.see(2, YES)
    hold.pause(2 + away_s)
    assert hold.see(2 + away_s + 0.9, YES) is None
    assert hold.see(2 + away_s + 1.0, YES) is RAISED
    assert hold.onset_s == 0


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"state": "flying", "onset_s": 0, "began_s": 0, "paused_s": 0, "last_s": None},
        {"state": "pending", "onset_s": "soon", "began_s": 0, "paused_s": 0, "last_s": None},
        {"state": "raised", "onset_s": True, "began_s": 0, "paused_s": 0, "last_s": None},
        {"last_s": float("nan"), "began_s": 0},
        {"last_s": float("inf"), "began_s": 0},
        {"last_s": 10**400, "began_s": 0},
    ],
)
def test_a_broken_snapshot_is_refused(broken: Saved) -> None:
    with pytest.raises(ValueError, match=r"snapshot|State"):
        restore(HoldState, broken)


def test_two_pauses_in_one_wait_are_added_up() -> None:
    hold = Hold(hold_s=3, clear_s=2, max_gap_s=2)
    for at, until_s in ((0, 0), (1, 3), (3.5, 7.5)):
        assert hold.see(at, YES) is None
        hold.pause(until_s)
    assert (hold.unseen_s, hold.onset_s) == (6.0, 0)
    assert [hold.see(at, YES) for at in (8, 8.9, 9, 10)] == [None, None, RAISED, None]


def test_a_pause_into_the_past_or_before_any_value_changes_nothing() -> None:
    hold, fresh = Hold(hold_s=3, clear_s=2, max_gap_s=2), HoldState()
    Hold(hold_s=3, clear_s=2, max_gap_s=2, state=fresh).pause(9)
    assert fresh == HoldState()
    hold.see(4, YES)
    hold.pause(3)
    assert (hold.unseen_s, hold.see(6, YES), hold.see(7, YES)) == (0.0, None, RAISED)


def test_the_longest_gap_is_no_gap_yet() -> None:
    for gap_s, raised in ((2.0, RAISED), (2.01, None)):
        hold = Hold(hold_s=2, clear_s=2, max_gap_s=2.0 - FRAME_S)
        hold.see(0, YES)
        assert hold.see(gap_s, YES) is raised


def test_two_gaps_within_one_event_are_both_unseen() -> None:
    hold = Hold(hold_s=1, clear_s=1, max_gap_s=2)
    for at in (0, 1, 5, 6, 11, 12):
        hold.see(at, YES)
    assert hold.unseen_s == 9.0


@pytest.mark.parametrize("at", [0.5, 30.0])
def test_idle_a_no_is_noted_as_any_other(at: float) -> None:
    """The fast path leaves the same behind as `see`."""
    quick, slow = HoldState(), HoldState()
    fast = Hold(hold_s=1, clear_s=1, max_gap_s=2 - FRAME_S, state=quick)
    other = Hold(hold_s=1, clear_s=1, max_gap_s=2 - FRAME_S, state=slow)
    for look_s in (at, at + 2.0, at + 4.01):
        assert fast.rests(look_s)
        assert other.see(look_s, NO) is None
        assert (quick.last_s, quick.began_s) == (slow.last_s, slow.began_s)
    other.see(at + 4.5, YES)
    assert not other.rests(at + 5)
    assert slow.last_s == at + 4.5


def test_the_end_of_a_session_ends_what_is_raised_where_it_was_last_known() -> None:
    raised, clearing, pending = (Hold(hold_s=1, clear_s=2, max_gap_s=2) for _ in range(3))
    for hold in (raised, clearing):
        for at in (0, 1, 2):
            hold.see(at, YES)
    clearing.see(3, NO)
    clearing.see(4, NO)
    pending.see(0, YES)
    pending.see(0.5, YES)
    assert [hold.finish() for hold in (raised, clearing, pending)] == [CLEARED, CLEARED, None]
    assert (raised.gone_s, clearing.gone_s, pending.onset_s) == (2, 3, 0)
    assert [hold.state for hold in (raised, clearing, pending)] == [State.IDLE, State.IDLE, State.PENDING]
    assert [hold.finish() for hold in (raised, clearing)] == [None, None]
