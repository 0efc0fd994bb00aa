"""Handing a session over, broken snapshots, and a long exam from end to end."""

from __future__ import annotations

import pytest

from edge.judging.policy_settings import monitor_settings
from edge.rules.monitor import Monitor
from shared.policy.schema import Policy
from shared.saving import Saved
from tests.support.observations import every, frame, lines, long_exam, moved, play

SETTINGS = monitor_settings(Policy(baseline_s=5))


@pytest.mark.parametrize("away_s", [0.0, 1.0, 9.0])
def test_a_hand_over_pauses_the_holds(away_s: float) -> None:
    first, second = Monitor(SETTINGS), Monitor(SETTINGS)
    absent = frame(0, faces=())
    assert play(first, every(0, 3, absent)) == []
    second.restore(first.snapshot(), resumed_s=2.8 + away_s)
    found = play(second, [moved(each, 2.8 + away_s) for each in every(0.2, 4, absent)])
    assert [(f.event, f.onset_s, round(f.at_s, 3)) for f in found if f.event != "UNWATCHED"] == [
        ("FACE_NOT_FOUND", 0.0, round(5.0 + away_s, 3))]  # fmt: skip


@pytest.mark.parametrize("broken", [{}, {"version": 99}, {"version": 1, "episodes": []}])
def test_a_broken_snapshot_is_refused(broken: Saved) -> None:
    with pytest.raises(ValueError, match="snapshot"):
        Monitor(SETTINGS).restore(broken)


def test_a_long_exam_reports_each_absence_once() -> None:
    exam = long_exam(duration_s=1_200, absence_every_s=400)
    found = play(Monitor(monitor_settings(Policy())), exam)
    assert [line[1] for line in lines(found)] == ["raised", "cleared"] * 2 + ["raised"]
