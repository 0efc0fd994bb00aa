"""The demonstration's exam, live from end to end and again from its recording: both tell the same story.

The recording goes once through `proctor-edge analyze` on one core; how fast it was is printed. `make bench`
measures speed, as ratios within one run.
"""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from edge.tools.offline import BEGINNING
from shared.alerts import Alert, decode_shown
from shared.events.types import EventType
from shared.rehearsal import JUDGED_CLASSES, ObservedAlert, compare, script_from_json
from tests.support.edge_daemon import need_weights

pytestmark = [
    pytest.mark.weights,
    pytest.mark.realtime,
    pytest.mark.timeout(600),  # a loaded machine takes its time around the 90 s that cannot be hurried
    pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed"),
]
PROGRAMS = Path(sys.executable).parent
CHECK_PERIOD_S = {
    EventType.MULTIPLE_FACES: 0.2,
    EventType.MULTIPLE_PERSONS: 1.0,
    EventType.FACE_NOT_FOUND: 0.2,
    EventType.PRESENCE_LOSS: 0.2,
    EventType.LEFT_FRAME: 0.667,
    EventType.FACE_MISMATCH: 1.0,
    EventType.VOICE_DETECTED: 0.512,
}
"""How often level L1 looks for what each alert is about."""
CAPTURE_TOLERANCE_S = 0.3
SLOWEST_PERIOD_S = 1.0
ONSET_TOLERANCE_S = SLOWEST_PERIOD_S + CAPTURE_TOLERANCE_S
LITERT_SAYS = "INFO: Created TensorFlow Lite"
"""A line that LiteRT writes to the error output by itself, and that nothing turns off."""
WHEN_STOPPED = ("connection is lost", "did not get a session's end")
"""What the coordinator may say, once each, while the node is being stopped: by its last heartbeat the session
still runs there, and it is told again of the end that it has heard."""
DETECTED = "an event was detected"
"""What the node says of each event of conduct and identity."""
CANNOT_BE_DONE = "a task is not available on this node"
"""Said once of each task that the weights at hand leave out."""


@dataclass(frozen=True, slots=True)
class Exam:
    """One run of `proctorctl demo`."""

    folder: Path
    code: int
    said: str

    @property
    def report(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads((self.folder / "report.json").read_bytes())
        return report


@pytest.fixture(scope="module")
def exam(tmp_path_factory: pytest.TempPathFactory) -> Exam:
    need_weights()
    folder = tmp_path_factory.mktemp("exam") / "demo"
    command: list[str | Path] = [PROGRAMS / "proctorctl", "demo", "--out", folder]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)
    return Exam(folder, done.returncode, done.stdout + done.stderr)


def test_the_whole_exam_passes_and_is_written_down(exam: Exam) -> None:
    assert exam.code == 0, exam.said
    report = exam.report
    assert (report["passed"], report["missing"], report["unexpected"]) == (True, [], [])
    assert len(report["expected"]) == 5
    assert all(each["delivery_ms"] is not None for each in report["latency_ms"])
    page = (exam.folder / "timeline.html").read_text()
    assert "No face was in the picture" in page
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", page)  # it shows itself without any server


def test_the_installation_was_quiet_about_it(exam: Exam) -> None:
    for name in ("coordinator", "edge"):
        lines = (exam.folder / "data" / "logs" / f"{name}.log").read_text().splitlines()
        own = [line for line in lines if not line.startswith(LITERT_SAYS)]
        told = [json.loads(line) for line in own]
        troubles = [
            each["message"]
            for each in told
            if each["level"] not in ("INFO", "DEBUG") and each["message"] not in (CANNOT_BE_DONE, DETECTED)
        ]
        assert [message for message in troubles if not any(each in message for each in WHEN_STOPPED)] == []
        assert len(troubles) <= len(WHEN_STOPPED)


@dataclass(frozen=True, slots=True)
class Analysed:
    """What was found in the exam's recording alone, and the CPU seconds of it, starting up included."""

    alerts: list[Alert]
    duration_s: float
    realtime_factor: float
    cpu_s: float


@pytest.fixture(scope="module")
def analysed(exam: Exam, tmp_path_factory: pytest.TempPathFactory) -> Analysed:
    out, rehearsal = tmp_path_factory.mktemp("analysed"), exam.folder / "rehearsal"
    enroll = [part for path in sorted(rehearsal.glob("*.jpg")) for part in ("--enroll", str(path))]
    core = min(os.sched_getaffinity(0))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [
            *(sys.executable, "-c", "from edge.main import main; main()"),
            *("analyze", str(rehearsal / "rehearsal.mkv"), *enroll, "--out", str(out)),
        ],
        capture_output=True,
        text=True,
        timeout=240,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr
    summary = json.loads((out / "summary.json").read_bytes())
    return Analysed(
        alerts=[decode_shown(line).alert for line in (out / "alerts.jsonl").read_bytes().splitlines()],
        duration_s=summary["duration_s"],
        realtime_factor=summary["realtime_factor"],
        cpu_s=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    )


def since_start_s(instant: datetime) -> float:
    return (instant - BEGINNING).total_seconds()


def test_the_recording_gives_the_same_alerts_at_the_same_times(exam: Exam, analysed: Analysed) -> None:
    live = judged(
        (alert["event_type"], alert["event_class"], alert["onset_s"]) for alert in exam.report["observed"]
    )
    recorded = judged(
        (alert.event_type, alert.event_class, since_start_s(alert.onset)) for alert in analysed.alerts
    )
    assert [event for event, _ in live] == [event for event, _ in recorded]
    for (event, live_s), (_, recorded_s) in zip(live, recorded, strict=True):
        assert abs(live_s - recorded_s) <= CHECK_PERIOD_S[event] + CAPTURE_TOLERANCE_S, event


def test_the_rehearsal_is_understood_on_one_core(
    exam: Exam, analysed: Analysed, capsys: pytest.CaptureFixture[str]
) -> None:
    script = script_from_json((exam.folder / "rehearsal" / "expected.json").read_bytes())
    alerts = [
        ObservedAlert(
            event_type=alert.event_type,
            event_class=alert.event_class,
            onset_s=since_start_s(alert.onset),
            raised_s=since_start_s(alert.raised),
        )
        for alert in analysed.alerts
    ]
    by_cpu = analysed.duration_s / analysed.cpu_s
    with capsys.disabled():
        sys.stderr.write(
            f"\n  rehearsal of {analysed.duration_s:.0f} s on one core: {analysed.realtime_factor:.1f} × "
            f"real time by the clock, {by_cpu:.1f} × by CPU time with start-up\n"
        )
    report = compare(script, alerts)
    assert report.missing == ()
    assert report.unexpected == ()
    for segment in script.segments:
        for expectation in segment.expected:
            onsets = [alert.onset_s for alert in alerts if alert.event_type == expectation.event_type]
            assert any(abs(onset_s - expectation.holds_from_s) <= ONSET_TOLERANCE_S for onset_s in onsets)


def judged(alerts: Any) -> list[tuple[EventType, float]]:
    """Type and onset of the alerts about the candidate, by type and onset."""
    return sorted((EventType(event), onset_s) for event, kind, onset_s in alerts if kind in JUDGED_CLASSES)
