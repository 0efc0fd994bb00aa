from __future__ import annotations

import pytest

from edge.media.lateness import AFTERWARDS_S, FEWEST, LATE_S, RECENT, REMEMBERED, Lateness


def test_a_loop_on_time_disturbs_nothing() -> None:
    lateness = Lateness()
    assert not lateness.disturbed(5.0), "nothing is known yet"
    for number in range(100):
        now_s = number * 0.02
        assert not lateness.disturbed(now_s)
        lateness.due(now_s + 0.02)
        assert not lateness.disturbed(now_s + 0.01)


def test_an_overdue_probe_disturbs_at_once_and_for_a_while_and_a_second_one_again() -> None:
    lateness = Lateness()
    for begins_s in (10.0, 20.0):
        lateness.due(begins_s)
        assert not lateness.disturbed(begins_s + LATE_S)
        late_s = begins_s + 0.3
        assert lateness.disturbed(late_s)
        lateness.due(late_s + 0.02)  # the probe has come, and what waited is still handled
        assert lateness.disturbed(late_s + 0.03)
        lateness.due(late_s + AFTERWARDS_S + 0.1)
        assert lateness.disturbed(late_s + AFTERWARDS_S - 0.01)
        assert not lateness.disturbed(late_s + AFTERWARDS_S)


def test_a_loop_that_is_late_again_and_again_disturbs_all_the_time() -> None:
    lateness = Lateness()
    for number in range(50):
        lateness.due(number * 0.5)
        assert lateness.disturbed(number * 0.5 + 0.1)
        assert lateness.disturbed(number * 0.5 + 0.49)


def late(lateness: Lateness, late_s: float, times: int) -> None:
    for _ in range(times):
        lateness.due(0.0)
        lateness.came(late_s)


def test_percentiles_are_of_the_last_five_seconds_and_the_worst_of_the_last_minute() -> None:
    lateness = Lateness()
    assert (lateness.p99_s, lateness.recent_p95_s, lateness.worst_s) == (0.0, 0.0, 0.0)
    late(lateness, 0.3, RECENT)
    assert lateness.recent_p95_s == pytest.approx(0.3)
    late(lateness, 0.01, RECENT)
    assert lateness.recent_p95_s == pytest.approx(0.01)
    assert lateness.worst_s == lateness.p99_s == pytest.approx(0.3)
    late(lateness, 0.01, REMEMBERED)
    assert lateness.worst_s == pytest.approx(0.01)


def test_blocks_of_a_process_that_starts_are_not_how_late_it_usually_is() -> None:
    lateness = Lateness()
    late(lateness, 2.0, 3)
    late(lateness, 0.0, 20)
    assert (lateness.p99_s, lateness.recent_p95_s, lateness.worst_s) == (0.0, 0.0, 2.0)
    late(lateness, 2.0, FEWEST // 100 + 1)
    assert lateness.p99_s == 2.0
    late(lateness, 2.0, RECENT // 20)
    assert lateness.recent_p95_s == 2.0


def test_a_probe_before_it_is_due_is_not_late() -> None:
    lateness = Lateness()
    lateness.came(1.0)
    assert lateness.worst_s == 0.0, "none was due"
    lateness.due(2.0)
    lateness.came(1.999)
    assert lateness.worst_s == 0.0
