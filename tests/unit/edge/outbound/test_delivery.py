from itertools import pairwise

import pytest

from edge.outbound.schedule import FIRST_RETRY_S, RESEND_AT_ONCE, LaneSchedule

RESEND_S = 10.0


def delivery(*waiting: int) -> LaneSchedule:
    return LaneSchedule(waiting, resend_after_s=RESEND_S)


def send(lane: LaneSchedule, now: float, limit: int = 1_000) -> list[int]:
    """Everything that is due, acknowledged at once."""
    chosen = lane.due(now, limit)
    for sequence in chosen:
        lane.sent(sequence, now)
    return chosen


def test_a_new_alert_is_due_at_once_and_only_once() -> None:
    lane = delivery()
    lane.connected(0.0, backlog_from=100.0)
    lane.added(1, now=5.0)
    assert lane.deadline() == float("-inf")
    assert send(lane, 5.0) == [1]
    assert send(lane, 6.0) == []
    assert lane.deadline() is None


def test_a_backlog_waits_for_its_hour_while_new_alerts_pass_it() -> None:
    lane = delivery(1, 2)
    lane.connected(0.0, backlog_from=100.0)
    lane.added(3, now=1.0)
    assert send(lane, 1.0) == [3]
    assert lane.deadline() == 100.0
    assert send(lane, 99.9) == []
    assert send(lane, 100.0) == [1, 2]


def test_what_was_made_while_the_hub_was_away_is_backlog() -> None:
    lane = delivery()
    lane.added(1, now=1.0)
    lane.added(2, now=7.0)
    lane.connected(5.0, backlog_from=50.0)
    assert send(lane, 8.0) == [2]
    assert send(lane, 50.0) == [1]


def test_before_any_connection_nothing_of_an_earlier_run_is_due() -> None:
    lane = delivery(1)
    assert lane.due(1e9, 10) == []
    assert lane.deadline() is None


def test_a_failed_send_is_tried_again_with_growing_pauses_under_the_same_id() -> None:
    lane = delivery()
    lane.connected(0.0, backlog_from=0.0)
    lane.added(1, now=0.0)
    now, pauses = 0.0, []
    for _ in range(7):
        assert lane.due(now, 10) == [1]
        assert lane.resends(1) == 0
        lane.failed(1, now)
        assert lane.due(now, 10) == []
        deadline = lane.deadline()
        assert deadline is not None
        pauses.append(deadline - now)
        now = deadline
    assert pauses == [FIRST_RETRY_S, 2, 4, 8, 16, 30, 30]


def test_a_failed_send_becomes_backlog_when_the_hub_went_away_over_it() -> None:
    lane = delivery()
    lane.connected(0.0, backlog_from=0.0)
    lane.added(1, now=0.0)
    lane.due(0.0, 1)
    lane.failed(1, 5.0)
    lane.connected(20.0, backlog_from=60.0)
    assert lane.due(59.0, 1) == []
    assert lane.due(60.0, 1) == [1]


def acknowledged(*sequences: int, at: float = 0.0) -> LaneSchedule:
    lane = delivery()
    lane.connected(0.0, backlog_from=0.0)
    for sequence in sequences:
        lane.added(sequence, now=at)
    assert send(lane, at) == list(sequences)
    return lane


def test_what_the_mark_covers_is_never_sent_again() -> None:
    lane = acknowledged(1, 2, 3)
    lane.covered(3, 5.0)
    for now in range(6, 1_000):
        lane.covered(3, float(now))
    assert lane.due(1_000.0, 10) == []


def test_a_mark_that_stands_still_brings_the_uncovered_back_under_a_fresh_id() -> None:
    lane = acknowledged(1, 2, 3)
    lane.covered(1, 1.0)
    lane.covered(1, 10.9)
    assert lane.due(10.9, 10) == []
    lane.covered(1, 11.0)
    assert lane.due(11.0, 10) == [2, 3]
    assert (lane.resends(2), lane.resends(3)) == (1, 1)


def test_what_a_mark_covers_on_its_way_goes_out_under_its_own_id() -> None:
    lane = delivery()
    lane.connected(0.0, backlog_from=0.0)
    lane.added(1, now=0.0)
    assert lane.due(0.0, 10) == [1]
    lane.covered(1, 0.1)
    assert lane.resends(1) == 0


def test_what_the_outbox_no_longer_holds_is_not_waited_for() -> None:
    lane = delivery(1, 2)
    lane.connected(0.0, backlog_from=0.0)
    lane.added(3, now=0.0)
    assert lane.due(0.0, 10) == [3, 1, 2]
    lane.failed(2, 0.0)
    for sequence in (1, 3):
        lane.gone(sequence)
    assert not lane.hurried
    assert lane.due(FIRST_RETRY_S, 10) == [2]
    lane.gone(2)
    assert not lane.hurried
    assert lane.deadline() is None
    lane.connected(10.0, backlog_from=10.0)
    assert lane.due(1e6, 10) == []
    lane.covered(3, 20.0)
    lane.added(4, now=21.0)
    assert lane.due(21.0, 10) == [4]


def test_without_marks_nothing_is_sent_again_however_long_the_coordinator_is_away() -> None:
    lane = acknowledged(1, 2, 3)
    assert lane.due(1e6, 10) == []
    assert lane.deadline() is None


def test_while_the_mark_moves_nothing_is_sent_again() -> None:
    lane = acknowledged(*range(1, 1_001))
    for step in range(1, 201):
        lane.covered(step * 5, step * 5.0)
        assert lane.due(step * 5.0, 10) == []


def test_a_mark_that_never_moves_is_met_ever_more_rarely_and_a_few_at_a_time() -> None:
    lane = acknowledged(*range(1, 201))
    rounds = []
    for now in range(1, 2_000):
        lane.covered(0, float(now))
        chosen = send(lane, float(now))
        assert len(chosen) <= RESEND_AT_ONCE
        if chosen:
            rounds.append(now)
    gaps = [later - earlier for earlier, later in pairwise(rounds)]
    assert gaps == sorted(gaps)
    assert gaps[0] >= RESEND_S
    assert gaps[-1] == 300


def test_a_mark_that_moves_again_shortens_the_wait_for_the_next_that_stands_still() -> None:
    lane = acknowledged(1, 2, 3)
    lane.covered(0, 10.0)
    assert send(lane, 10.0) == [1, 2, 3]
    lane.covered(0, 29.9)
    assert lane.due(29.9, 10) == []
    lane.covered(0, 30.0)
    assert send(lane, 30.0) == [1, 2, 3]
    lane.covered(1, 31.0)
    lane.covered(1, 40.9)
    assert lane.due(40.9, 10) == []
    lane.covered(1, 41.0)
    assert lane.due(41.0, 10) == [2, 3]


def test_a_mark_that_covers_an_earlier_runs_alerts_leaves_the_new_ones() -> None:
    lane = delivery(1, 2)
    lane.added(3, now=0.0)
    lane.added(4, now=0.0)
    lane.covered(2, 1.0)
    lane.connected(0.0, backlog_from=0.0)
    assert lane.due(2.0, 10) == [3, 4]


def test_what_was_to_be_sent_again_is_backlog_after_a_new_connection_and_goes_once() -> None:
    lane = acknowledged(1, 2)
    lane.added(3, now=9.0)
    assert lane.due(9.0, 1) == [3]
    lane.failed(3, 9.0)
    lane.covered(0, 10.0)
    lane.connected(11.0, backlog_from=60.0)
    lane.connected(12.0, backlog_from=60.0)
    assert lane.due(59.9, 10) == []
    assert lane.deadline() == 60.0
    assert lane.due(60.0, 10) == [1, 2, 3]
    assert lane.due(61.0, 10) == []


def test_a_send_that_failed_after_others_did_waits_its_own_time() -> None:
    lane = delivery()
    lane.connected(0.0, backlog_from=0.0)
    for sequence in (1, 2):
        lane.added(sequence, now=0.0)
    assert lane.due(0.0, 10) == [1, 2]
    lane.failed(2, 0.0)
    lane.failed(1, 0.5)
    assert lane.deadline() == FIRST_RETRY_S
    assert lane.due(FIRST_RETRY_S, 10) == [2]
    assert lane.due(FIRST_RETRY_S + 0.5, 10) == [1]


def test_a_send_that_succeeded_begins_the_next_ones_pauses_anew() -> None:
    lane = delivery()
    lane.connected(0.0, backlog_from=0.0)
    lane.added(1, now=0.0)
    for at in (0.0, 1.0):
        assert lane.due(at, 1) == [1]
        lane.failed(1, at)
    assert lane.due(3.0, 1) == [1]
    lane.sent(1, 3.0)
    lane.covered(0, 13.0)
    assert lane.due(13.0, 1) == [1]
    lane.failed(1, 13.0)
    assert lane.deadline() == 13.0 + FIRST_RETRY_S


def test_an_alert_acknowledged_a_moment_ago_is_given_time_even_under_an_old_mark() -> None:
    lane = acknowledged(1, at=1_000.0)
    lane.covered(0, 1_001.0)
    assert lane.due(1_001.0, 10) == []
    lane.covered(0, 1_010.0)
    assert lane.due(1_010.0, 10) == [1]


def test_a_mark_that_overtakes_a_send_in_flight_settles_it() -> None:
    lane = delivery()
    lane.connected(0.0, backlog_from=0.0)
    lane.added(1, now=0.0)
    lane.added(2, now=0.0)
    assert lane.due(0.0, 10) == [1, 2]
    lane.covered(2, 1.0)
    lane.failed(1, 2.0)
    lane.sent(2, 2.0)
    lane.covered(2, 500.0)
    assert lane.due(1e6, 10) == []


@pytest.mark.parametrize("limit", [1, 3])
def test_no_more_than_asked_for_is_in_flight(limit: int) -> None:
    lane = delivery(*range(1, 10))
    lane.connected(0.0, backlog_from=0.0)
    assert lane.due(0.0, limit) == list(range(1, limit + 1))


def test_the_time_to_the_hub_is_told_once_and_only_for_alerts_of_this_run() -> None:
    lane = delivery(1)
    lane.connected(0.0, backlog_from=0.0)
    lane.added(2, now=5.0)
    lane.added(3, now=5.0)
    assert sorted(lane.due(6.0, 10)) == [1, 2, 3]
    lane.failed(3, 6.0)
    assert lane.sent(1, 6.5) is None
    assert lane.sent(2, 6.5) == 1.5
    assert lane.due(7.0, 10) == [3]
    assert lane.sent(3, 9.0) == 4.0
    lane.covered(0, 9.0)
    lane.covered(0, 60.0)
    assert 3 in lane.due(60.0, 10)
    assert lane.sent(3, 61.0) is None


def test_an_alert_covered_before_it_was_acknowledged_is_forgotten() -> None:
    lane = delivery()
    lane.added(1, now=0.0)
    lane.connected(0.0, backlog_from=0.0)
    assert lane.due(0.0, 10) == [1]
    lane.covered(1, 1.0)
    assert lane.sent(1, 2.0) is None
