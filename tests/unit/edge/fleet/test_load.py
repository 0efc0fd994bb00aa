"""What the ladder is told: late and dropped looks, and shares of what the control group allows."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from edge.analysis.measured import Looked, Measured
from edge.fleet.ladder import Strain
from edge.fleet.load import (
    DROPPED_S,
    FEWEST_CALLS,
    LoadMeter,
    allowed_memory_bytes,
    allowed_processors,
    heard_by,
    memory_share,
)
from edge.media.lateness import Lateness
from edge.workers.status import WorkerStatus
from shared.percentiles import percentile

PROCESSORS = float(len(os.sched_getaffinity(0)))


def meter_with(*calls: Measured) -> LoadMeter:
    meter = LoadMeter(Lateness())
    for call in calls:
        meter.called(call)
    return meter


def test_the_lag_of_looks_is_their_wait_and_their_run() -> None:
    calls = [Measured("faces", 0.2, 0.1, "done")] * FEWEST_CALLS
    assert meter_with(*calls).read()[Strain.LAG] == pytest.approx(0.3)
    few_late = [*calls, Measured("head", 1.0, 0.2, "failed")]
    assert meter_with(*few_late).read()[Strain.LAG] == pytest.approx(0.3)
    many_late = [*calls, *[Measured("head", 1.0, 0.2, "failed")] * 5]
    assert meter_with(*many_late).read()[Strain.LAG] == pytest.approx(1.2)


@pytest.mark.parametrize("outcome", ["overflow", "stale", "stuck"])
def test_dropped_looks_are_late_ones(outcome: str) -> None:
    assert meter_with(*[Measured("faces", 0.0, 0.0, outcome)] * FEWEST_CALLS).read()[Strain.LAG] == DROPPED_S


def test_few_calls_and_those_of_enrollments_say_nothing() -> None:
    few = [Measured("faces", 3.0, 1.0, "done")] * (FEWEST_CALLS - 1)
    assert Strain.LAG not in meter_with(*few).read()
    assert Strain.LAG not in meter_with(*few, Measured("enrollment", 3.0, 1.0, "done")).read()


def test_the_processor_share_is_of_what_the_process_may_use() -> None:
    meter = LoadMeter(Lateness())
    meter.read()
    assert sum(number * number for number in range(200_000)) > 0
    assert 0 < meter.read()[Strain.CPU] <= 1.2


def test_workers_in_processes_of_their_own_count_too() -> None:
    meter, used_s = LoadMeter(Lateness()), 0.0

    def worker(late_s: float) -> WorkerStatus:
        return WorkerStatus(
            number=1,
            pid=7,
            sessions=1,
            ends=0,
            cpu_s=used_s,
            loop_p95_s=late_s,
            loop_p99_s=0.0,
            loop_worst_s=0.0,
        )

    meter.workers = lambda: (worker(0.2), worker(0.4))
    meter.read()
    used_s = 1_000.0
    load = meter.read()
    assert load[Strain.LOOP] == 0.4
    assert load[Strain.CPU] > 10


@pytest.mark.parametrize(
    ("text", "processors"),
    [
        ("max 100000", PROCESSORS),
        ("50000 100000", 0.5),
        ("6400000000 100000", PROCESSORS),
        ("nonsense", PROCESSORS),
        (None, PROCESSORS),
    ],
)
def test_a_quota_counts_where_there_is_one(tmp_path: Path, text: str | None, processors: float) -> None:
    if text is not None:
        (tmp_path / "cpu.max").write_text(text)
    assert allowed_processors(tmp_path) == processors


@pytest.mark.parametrize(
    ("text", "share"), [("max", 1.0), ("1048576", None), (str(2**62), 1.0), ("nonsense", 1.0), (None, 1.0)]
)
def test_a_limit_of_memory_counts_where_there_is_one(
    tmp_path: Path, text: str | None, share: float | None
) -> None:
    if text is not None:
        (tmp_path / "memory.max").write_text(text)
    expected = 2**20 if share is None else psutil.virtual_memory().total
    assert allowed_memory_bytes(tmp_path) == expected


def test_memory_is_a_share_of_the_control_group_s_limit_or_else_of_the_machine(tmp_path: Path) -> None:
    machine = memory_share(tmp_path)
    assert 0 < machine < 1
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("900\n")
    (tmp_path / "memory.stat").write_text("anon 500\ninactive_file 200\n")
    assert memory_share(tmp_path) == 0.7
    (tmp_path / "memory.max").write_text("max\n")
    assert memory_share(tmp_path) == pytest.approx(machine, abs=0.2)


def test_a_node_that_keeps_its_level_collects_nothing() -> None:
    heard: list[Measured | Looked] = []
    meter, still = LoadMeter(Lateness()), LoadMeter(Lateness())
    for hear in (
        heard_by(heard.append, meter, steps_down=True),
        heard_by(heard.append, still, steps_down=False),
    ):
        for _ in range(FEWEST_CALLS):
            hear(Measured("faces", 0.2, 0.1, "done"))
        hear(Looked(received_s=0.0, waited_s=0.0, looked_s=9.0, judged_s=0.0))
    assert len(heard) == 2 * FEWEST_CALLS + 2
    assert (Strain.LAG in meter.read(), Strain.LAG in still.read()) == (True, False)


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([], 95, 0.0),
        ([0.3], 99, 0.3),
        ([3.0, 1.0, 2.0], 50, 2.0),
        ([float(n) for n in range(101)], 95, 95.0),
        ([float(n) for n in range(100, -1, -1)], 99, 99.0),
        ([0.0] * 98 + [9.0], 99, 0.0),  # one of a hundred is no percentile
        ([0.0] * 90 + [9.0] * 10, 95, 9.0),
        ([1.0, 2.0], 100, 2.0),
    ],
)
def test_a_percentile_is_one_of_the_values(values: list[float], percent: int, expected: float) -> None:
    assert percentile(values, percent) == expected
    assert percentile(iter(values), percent) == expected
