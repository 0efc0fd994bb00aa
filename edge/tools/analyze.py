"""`proctor-edge analyze`: analyses recordings with the pipeline of a live session, without a server."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from edge.analysis.engine import Engine
from edge.analysis.enrolling import Portrait, enroll, read_picture
from edge.analysis.examination import Enrolled
from edge.analysis.levels import LevelInForce, check_level
from edge.analysis.networks import Networks, open_networks
from edge.analysis.perception import Perception
from edge.judging.watch import Watch
from edge.media.recording import Recording, open_recording
from edge.tools.offline import analyse, recorded_session, session_id_of, unavailable
from edge.tools.policy_files import read_policy
from edge.tools.results import ResultFolder, page_of, summary_of
from models.chain import BestDevice
from models.manifest import Profile
from models.serving import Serving
from models.store import Store
from shared.errors import ConfigError, ProctorError, Unavailable
from shared.events.looks import Look
from shared.policy.schema import Policy
from shared.policy.terms import Accommodation, Features
from shared.unwatched import Kind, told
from shared.writing import writing_under

IN_PART = 3
"""Exit code of an analysis of a recording that could not be read as a whole."""


class LevelName(StrEnum):
    """Degradation levels, as on the command line."""

    L0 = "L0"
    L1 = "L1"
    L2 = "L2"
    L3 = "L3"
    L4 = "L4"

    @property
    def number(self) -> int:
        return int(self.value[1:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One recording to analyse, and how."""

    recording: Recording
    portraits: tuple[Portrait, ...]
    policy: Policy
    level: int
    out: Path


def analyze(
    recordings: Annotated[
        list[Path],
        typer.Argument(metavar="RECORDING", help="Videos, sounds or pictures."),
    ],
    enroll_pictures: Annotated[
        list[Path] | None, typer.Option("--enroll", help="A picture of the candidate; may be repeated.")
    ] = None,
    audio: Annotated[Path | None, typer.Option(help="Sound to use instead of the recording's own.")] = None,
    policy: Annotated[Path | None, typer.Option(help="The exam's policy, a JSON file.")] = None,
    speech_agreed: Annotated[
        bool,
        typer.Option(
            "--speech-agreed",
            help="The candidate agreed to speech recognition: listen for the policy's phrases.",
        ),
    ] = False,
    profile: Annotated[
        Profile, typer.Option(help="Licences to accept: open, or research (also non-commercial).")
    ] = Profile.OPEN,
    level: Annotated[LevelName, typer.Option(help="Degradation level, L0 (GPU) to L4.")] = LevelName.L1,
    out: Annotated[Path, typer.Option(help="Folder for the results; one subfolder each for several.")] = Path(
        "analysis"
    ),
) -> None:
    """Analyse recordings like live sessions, as fast as this machine can.

    Writes observations.jsonl, alerts.jsonl, summary.json and timeline.html. Of spoken words it writes only
    which phrase of the policy was heard, and only if the candidate agreed. Exits with 2 and the reason when
    a recording cannot be read or a picture cannot be enrolled, with 3 when one was analysed only in part,
    because it is cut off or damaged.

    Examples:

        proctor-edge analyze exam.mkv --enroll anna-1.jpg --enroll anna-2.jpg --out results

        proctor-edge analyze camera.mjpeg --audio microphone.wav --policy policy.json
    """
    console = Console(stderr=True)
    try:
        portraits = tuple(read_picture(path) for path in enroll_pictures or ())
        watched = Policy() if policy is None else read_policy(policy)
        if speech_agreed:
            watched = watched.for_candidate(Accommodation(), speech_opt_in=True)
        orders = _orders(recordings, portraits, audio, watched, (level, out))
        with writing_under(out):
            out.mkdir(parents=True, exist_ok=True)
        networks = open_networks(Serving(Store.here(), profile, best=BestDevice.CUDA))
        check_level(level.number, networks.device)
        summaries = []
        for order in orders:
            summaries.append(asyncio.run(_run(order, networks, console)))
            _print(console, order, summaries[-1])
    except ProctorError as error:
        console.print(f"[bold red]error:[/] {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(2) from error
    if any(summary["in_part"] for summary in summaries):
        raise typer.Exit(IN_PART)


def _orders(
    paths: Sequence[Path],
    portraits: tuple[Portrait, ...],
    audio: Path | None,
    policy: Policy,
    place: tuple[LevelName, Path],
) -> list[Order]:
    """Open all recordings before any is analysed, so that an error stops the command at once."""
    level, out = place
    if audio is not None and len(paths) > 1:
        raise ConfigError("--audio needs exactly one recording")
    names = [path.name for path in paths]
    if len(set(names)) != len(names):
        raise ConfigError("two recordings have the same name; analyse them separately")
    return [
        Order(
            recording=open_recording(path, audio),
            portraits=portraits,
            policy=policy,
            level=level.number,
            out=out if len(paths) == 1 else out / path.name,
        )
        for path in paths
    ]


async def _run(order: Order, networks: Networks, console: Console) -> dict[str, Any]:
    """Analyse one recording and write its results. Returns the summary."""
    recording, policy = order.recording, order.policy
    name = recording.path.name
    async with Engine(threads=0) as engine:
        templates = await _enroll(order, networks, engine)
        watched = policy if templates else _without_identity(policy)
        session = recorded_session(name, watched, networks)
        perception = Perception(
            session.session_id,
            engine,
            networks,
            policy=watched,
            templates=templates,
            level=LevelInForce(order.level),
        )
        with ResultFolder(order.out) as folder, _bar(console) as bar:
            task = bar.add_task(escape(name), total=recording.duration_s)
            analysis = await analyse(
                recording,
                perception,
                Watch(session, level=order.level),
                keep=folder.keep,
                report=lambda at_s: bar.update(task, completed=at_s),
            )
            reasons = unavailable(
                analysis, recording, networks, policy, level=order.level, enrolled=bool(templates)
            )
            summary = summary_of(analysis, networks, order.level, reasons)
            folder.finish(analysis, summary, page_of(name, analysis, summary, policy))
    return summary


async def _enroll(order: Order, networks: Networks, engine: Engine) -> Mapping[str, Enrolled]:
    """The candidate's templates; none without pictures."""
    if not order.portraits:
        return {}
    if not networks.recognisers:
        raise Unavailable(networks.missing[Look.IDENTITY])
    owner = session_id_of(order.recording.path.name)
    return await enroll(order.portraits, networks, engine, order.policy.enrollment_gate, owner)


def _without_identity(policy: Policy) -> Policy:
    """The same policy without identity, for a recording without an enrolled candidate."""
    features = Features(**{**policy.features.model_dump(), "face_verification": False})
    return policy.model_copy(update={"features": features})


def _bar(console: Console) -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f} s"),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=console, transient=True)


def _unwatched(summary: dict[str, Any]) -> str:
    """The printed line about unwatched time; empty if there was none."""
    seconds = {Kind(kind): each for kind, each in summary["unwatched_s"].items() if each > 0}
    return f"\n  not watched: {told(seconds)}" if seconds else ""


def _print(console: Console, order: Order, summary: dict[str, Any]) -> None:
    found = ", ".join(f"{event} {count}" for event, count in summary["alerts"].items()) or "none"
    console.print(
        f"[bold]{escape(order.recording.path.name)}[/]: {summary['duration_s']:.1f} s, "
        f"{summary['analysed_frames']} of {summary['frames']} frames analysed, "
        f"{summary['realtime_factor']:.1f} × real time\n  alerts: {found}{_unwatched(summary)}",
        soft_wrap=True,
    )
    for name, what in summary["in_part"].items():
        console.print(f"  [yellow]analysed in part[/] {name}: {escape(what)}", soft_wrap=True)
    for task, reason in summary["unavailable_reasons"].items():
        console.print(f"  [yellow]unavailable[/] {task}: {escape(reason)}", soft_wrap=True)
    console.print(f"  results in {escape(str(order.out))}", soft_wrap=True)
