"""`proctorctl demo`: a scripted exam from end to end on this machine, judged against its script.

rehearse    the edge program makes the recording, the enrollment pictures and the script
start       nats-server, coordinator, edge node in a fresh data folder
enroll      through the API, with the pictures
stream      the recording over real WebRTC in real time; alerts are printed as they arrive
judge       timeline from the API against the script → report.json, timeline.html
"""

from __future__ import annotations

import base64
import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli import installation as installing
from cli.client import Client
from cli.demo_files import page
from cli.live import Arrival, stream_and_listen
from cli.programs import Program, ask
from cli.running import programs_running
from models import served
from models.manifest import Profile
from models.store import Store
from models.tasks import Task
from shared.api.alerts import TimelineOut
from shared.api.enrollments import EnrollImage, EnrollRequest
from shared.api.exams import Acknowledged
from shared.api.sessions import SessionStartRequest
from shared.errors import Unavailable
from shared.rehearsal import ObservedAlert, Report, Script, compare, report_json, script_from_json
from shared.timeline import timeline_html
from shared.writing import writing_under

_CANDIDATE = "CAND-DEMO-1"
_ACKNOWLEDGED = Acknowledged(text_version="demo")
_EXAM = "EXAM-DEMO"
_REHEARSE_WITHIN_S = 300.0


def demo(
    out: Annotated[Path, typer.Option(help="Folder for recording, report and timeline.")] = Path(
        "build/demo"
    ),
    profile: Annotated[str, typer.Option(help="Networks: open, or research (non-commercial).")] = "open",
    seed: Annotated[int, typer.Option(help="A different seed gives different noise and motion.")] = 1,
) -> None:
    """Run a scripted 90-second exam from end to end and compare its alerts with the script.

    A simulated candidate streams a recording over WebRTC: honest work, a second face, another person, an
    empty chair, a voice. Exits with 0 only if every scripted event was reported and nothing about conduct or
    identity in an honest part.

    Example:

        proctorctl demo --out build/demo
    """
    console = Console()
    folder = out.absolute()
    with writing_under(folder):
        _clear(folder)
    console.print("making the recording (about half a minute)")
    rehearse: list[str | Path] = [installing.find_binaries().edge, "rehearse", "--out", folder / "rehearsal"]
    ask([*rehearse, "--seed", str(seed)], within_s=_REHEARSE_WITHIN_S)
    script = script_from_json((folder / "rehearsal" / "expected.json").read_bytes())
    with installing.lock(folder / "data"):
        ports = installing.choose_ports(folder / "data", None, None)
        console.print("starting nats-server, coordinator and edge node")
        # What the demo finds must not depend on what else the machine does.
        prepared = installing.prepare(folder / "data", ports, profile=profile, level="L1", steps_down=False)
        with programs_running(prepared) as (client, programs):
            report = _play(console, client, programs, prepared, script)
    _print_report(console, report, folder)
    if (hint := better_recogniser(Store.here(), Profile(profile))) is not None:
        console.print(hint, soft_wrap=True, markup=False)
    raise typer.Exit(0 if report.passed else 1)


def _play(
    console: Console,
    client: Client,
    programs: list[Program],
    prepared: installing.Installation,
    script: Script,
) -> Report:
    """Enroll, stream and compare; write the report and the page."""
    folder = prepared.folder.parent
    enrollment = client.enrollments.add(_pictures(folder / "rehearsal"))
    console.print(f"enrolled: {sum(e.selected for e in enrollment.embeddings)} pictures selected")
    # Nobody has made the exam of the demo.
    started = client.sessions.start(
        SessionStartRequest(
            candidate_id=_CANDIDATE, exam_id=_EXAM, acknowledged=_ACKNOWLEDGED, allow_unregistered=True
        )
    )
    console.print(f"streaming for {script.duration_s:.0f} s; alerts as they arrive:")
    zero_utc, arrivals = stream_and_listen(console, client, started, prepared, programs)
    client.sessions.end(started.session_id)
    timeline = client.alerts.timeline(started.session_id)
    report = compare(script, _observed(timeline, arrivals, zero_utc))
    html = timeline_html(page(script, timeline, zero_utc))
    with writing_under(folder):
        (folder / "report.json").write_bytes(report_json(report))
        (folder / "timeline.html").write_text(html, encoding="utf-8")
    return report


def _pictures(folder: Path) -> EnrollRequest:
    pictures = [
        base64.b64encode(p.read_bytes()).decode("ascii") for p in sorted(folder.glob("enrollment-*.jpg"))
    ]
    return EnrollRequest(
        candidate_id=_CANDIDATE,
        exam_id=_EXAM,
        images=[EnrollImage(image_base64=text) for text in pictures],
        acknowledged=_ACKNOWLEDGED,
    )


def _observed(timeline: TimelineOut, arrivals: dict[str, Arrival], zero_utc: datetime) -> list[ObservedAlert]:
    """The stored alerts in recording time, each with the moment it arrived here."""
    observed = []
    for item in timeline.items:
        arrival = arrivals.get(item.event_id)
        alert = ObservedAlert(
            event_type=item.event_type,
            event_class=item.event_class,
            onset_s=(item.onset - zero_utc).total_seconds(),
            raised_s=(item.raised - zero_utc).total_seconds(),
        )
        if arrival is not None:
            alert = replace(alert, arrived_s=(arrival.at_utc - zero_utc).total_seconds())
        observed.append(alert)
    return observed


def better_recogniser(store: Store, profile: Profile) -> str | None:
    """How to get the recogniser that tells people apart best, if another one compares faces here."""
    found = served.better(store, profile, Task.FACE_RECOGNITION, served.RECOGNISERS)
    if found is None:
        return None
    serving, best = found
    return (
        f"faces are compared by {serving.name}; {best.name} tells people apart more surely. A mirror folder "
        f"brings it: PROCTOR_WEIGHTS_MIRROR=FOLDER proctorctl models fetch --task {Task.FACE_RECOGNITION}"
    )


def _clear(folder: Path) -> None:
    """Remove the files of an earlier demo; refuse a folder that holds anything else."""
    known = {"rehearsal", "data", "report.json", "timeline.html"}
    if folder.exists() and (strangers := {p.name for p in folder.iterdir()} - known):
        raise Unavailable(
            f"{folder} contains {min(strangers)}, which is not from a demo; choose another --out"
        )
    for name in ("rehearsal", "data"):
        shutil.rmtree(folder / name, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)


def _print_report(console: Console, report: Report, folder: Path) -> None:
    table = Table("expected", "in", "reported", "from condition", "delivery")
    took = {latency.event_type: latency for latency in report.latency_ms}
    for wanted in report.expected:
        latency = took.get(wanted.event_type)
        missing = wanted in report.missing or latency is None
        table.add_row(
            wanted.event_type,
            wanted.segment.replace("_", " "),
            "[red]missing[/red]" if missing else "[green]yes[/green]",
            "" if latency is None else f"{latency.from_condition_ms / 1000:.1f} s",
            "" if latency is None or latency.delivery_ms is None else f"{latency.delivery_ms:.0f} ms",
        )
    console.print(table)
    for each in report.unexpected:
        console.print(f"unexpected: {each.event_type} at {each.onset_s:.1f} s ({each.segment})")
    console.print(f"{folder / 'report.json'}\n{folder / 'timeline.html'}", soft_wrap=True)
    console.print("[green]passed[/green]" if report.passed else "[red]failed[/red]")
