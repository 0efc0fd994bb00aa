"""The whole rehearsal through `proctor-edge analyze` on one core: what the script shows is found.

How fast it was is printed. `make bench` measures speed, as ratios within one run.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

import pytest

from edge.rehearsal.make import Rehearsal, make_rehearsal
from edge.tools.offline import BEGINNING
from shared.alerts import Alert, decode_shown
from shared.rehearsal import ObservedAlert, compare, script_from_json
from tests.support.weights import all_networks

CHECK_PERIOD_S = 1.0
"""Of the slowest cadence."""
ONSET_TOLERANCE_S = CHECK_PERIOD_S + 0.3

pytestmark = [
    pytest.mark.weights,
    pytest.mark.skipif(
        find_spec("skimage") is None or find_spec("matplotlib") is None,
        reason="scikit-image or matplotlib (extra `demo`) is not installed",
    ),
]


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    if missing := all_networks().missing:
        pytest.skip(f"weights are missing: {missing}")
    return make_rehearsal(tmp_path_factory.mktemp("rehearsal"))


def analyze_on_one_core(rehearsal: Rehearsal, out: Path) -> float:
    """Run the real command; answers the CPU seconds it took, starting up and opening networks included."""
    enroll = [argument for picture in rehearsal.enrollment for argument in ("--enroll", str(picture))]
    core = min(os.sched_getaffinity(0))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [
            *(sys.executable, "-c", "from edge.main import main; main()"),
            *("analyze", str(rehearsal.recording), *enroll, "--out", str(out)),
        ],
        capture_output=True,
        text=True,
        timeout=240,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def since_start_s(instant: datetime) -> float:
    return (instant - BEGINNING).total_seconds()


def observed(alerts: list[Alert]) -> list[ObservedAlert]:
    return [
        ObservedAlert(
            event_type=alert.event_type,
            event_class=alert.event_class,
            onset_s=since_start_s(alert.onset),
            raised_s=since_start_s(alert.raised),
        )
        for alert in alerts
    ]


def test_the_rehearsal_is_understood_on_one_core(
    rehearsal: Rehearsal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cpu_s = analyze_on_one_core(rehearsal, tmp_path)
    summary = json.loads((tmp_path / "summary.json").read_bytes())
    lines = (tmp_path / "alerts.jsonl").read_bytes().splitlines()
    alerts = observed([decode_shown(line).alert for line in lines])
    script = script_from_json(rehearsal.expected.read_bytes())
    report = compare(script, alerts)
    by_cpu = summary["duration_s"] / cpu_s
    with capsys.disabled():
        sys.stderr.write(
            f"\n  rehearsal of {summary['duration_s']:.0f} s on one core: {summary['realtime_factor']:.1f} × "
            f"real time by the clock, {by_cpu:.1f} × by CPU time with start-up\n"
        )
    assert report.missing == ()
    assert report.unexpected == ()
    for segment in script.segments:
        for expectation in segment.expected:
            onsets = [alert.onset_s for alert in alerts if alert.event_type == expectation.event_type]
            assert any(abs(onset_s - expectation.holds_from_s) <= ONSET_TOLERANCE_S for onset_s in onsets)
