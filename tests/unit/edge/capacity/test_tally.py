"""Where the time of a step went, and how that is shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from edge.analysis.measured import Looked, Measured
from edge.capacity.figures import Bench, StepFigures, memory_per_session
from edge.capacity.ramp import Attempt
from edge.capacity.tally import Spent, StepTally, shares
from edge.fleet.rating import Conditions

CONDITIONS = Conditions(
    machine="one", device="cpu", level=1, workers=0, threads=2, models={"faces": "yunet@1"}
)


def looked(whole_s: float) -> Looked:
    return Looked(received_s=0.01, waited_s=0.0, looked_s=whole_s - 0.02, judged_s=0.01)


def tally(*told: Looked | Measured) -> StepTally:
    made = StepTally()
    for each in told:
        made.take(each)
    return made


def test_percentiles_are_of_all_analysed_pictures() -> None:
    made = tally(*(looked(number / 100) for number in range(10, 111)))
    assert made.stages_ms()["whole"] == {"p50": 600.0, "p95": 1050.0, "p99": 1090.0}
    assert made.stages_ms()["received"]["p50"] == 10.0
    assert made.decision_p95_s == pytest.approx(1.05)
    assert tally().decision_p95_s is None


def test_calls_count_by_outcome_unless_somebody_asked_for_them() -> None:
    made = tally(
        Measured("faces", 0.0, 0.1, "done", cpu_s=0.2),
        Measured("faces", 0.6, 0.0, "stale"),
        Measured("enrollment", 0.0, 0.1, "failed", cpu_s=0.1),
    )
    assert made.outcomes == {"done": 1, "stale": 1}
    assert made.network_cpu_s == {"faces": 0.2, "enrollment": 0.1}


def test_the_parts_add_up_to_the_whole_and_pixels_are_taken_out_of_the_first_look() -> None:
    made = tally(looked(0.1), looked(0.1), Measured("faces", 0.0, 0.1, "done", cpu_s=1.0))
    spent = Spent(whole_s=4.0, decode_s=1.0, outbox_s=0.5).since(
        Spent(whole_s=1.0, decode_s=0.6, outbox_s=0.1)
    )
    parts = dict(shares(spent, made, convert_s=0.1, session_seconds=2.0))
    assert parts["network faces"] == pytest.approx(0.4)
    assert (parts["convert"], parts["decode"], parts["outbox"], parts["rules"]) == (0.1, 0.2, 0.2, 0.01)
    whole = parts.pop("whole")
    assert whole == 1.5
    assert sum(parts.values()) == pytest.approx(whole)


def figures(sessions: int, memory_bytes: int, *passed: str) -> StepFigures:
    return StepFigures(
        step=Attempt(sessions, passed),
        measured_s=20.0,
        looks=100,
        stages_ms=tally(looked(0.1)).stages_ms(),
        cpu={"receive": 0.1, "whole": 0.4},
        dropped={"analysis_busy": 3},
        outcomes={"done": 400},
        load={"cpu": 0.5},
        memory_bytes=memory_bytes,
    )


def test_memory_per_session_is_what_each_beyond_the_first_adds() -> None:
    steps = [figures(1, 500), figures(4, 800), figures(8, 400)]
    assert [memory_per_session(steps, each) for each in steps] == [None, 100, 0]
    assert memory_per_session([], figures(2, 9)) is None


def test_the_table_and_the_file_show_every_step() -> None:
    bench = Bench(
        rating=1,
        complete=True,
        measured_utc=datetime(2026, 1, 1, tzinfo=UTC),
        recording={"codec": "VP8"},
        conditions=CONDITIONS,
        steps=[figures(1, 10**8), figures(2, 12 * 10**7, "decision-late")],
    )
    lines = bench.table().splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["sessions", "1", "2"]
    assert lines[2].endswith("decision-late")
    assert any(line.split() == ["receive", "0.1000"] for line in lines)
    written = bench.as_json()
    assert [step["sessions"] for step in written["steps"]] == [1, 2]
    assert written["steps"][1]["passed"] == ("decision-late",)
    assert written["conditions"]["models"] == {"faces": "yunet@1"}
    assert replace(bench, rating=0).table()
