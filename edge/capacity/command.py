"""`proctor-edge bench`: measures how many sessions this host carries, and stores that for the daemon."""

from __future__ import annotations

import asyncio
import json
import logging
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.assembling import watch_of
from edge.capacity.candidates import Applicants
from edge.capacity.figures import Bench, StepFigures, progress
from edge.capacity.material import Material, convert_s, made_material, read_material
from edge.capacity.ramp import next_sessions, rating_of
from edge.capacity.stand import Stand, most_tried, stand_of
from edge.capacity.trying import Trial, try_sessions
from edge.config import EdgeConfig
from edge.desired.beginning import counting
from edge.fleet.rating import Rating
from edge.fleet.rating_file import conditions_of, store_rating
from edge.node_identity import Identity, load as load_identity
from edge.tools.policy_files import read_policy
from shared.config_file import load
from shared.errors import ConfigError, ProctorError
from shared.policy.schema import Policy
from shared.policy.terms import ENROLLMENT_GATE
from shared.web_server.connections import LOOPBACK
from shared.web_server.options import listen
from shared.writing import writing_under

BETWEEN_S: Final = 1.0
"""Between two steps, so that the last one's candidates are gone."""


def measure(
    config: Annotated[Path, typer.Option("--config", metavar="FILE", help="The daemon's settings, TOML.")],
    recording: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What candidates send; by default the demo's recording."),
    ] = None,
    policy: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The exam's policy; by default the standard one.")
    ] = None,
    minutes: Annotated[float, typer.Option(min=1, max=240, help="The longest time; about.")] = 10,
    seconds: Annotated[
        float, typer.Option(min=5, max=600, help="Measured for each number of sessions.")
    ] = 20,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write all figures there, as JSON.")
    ] = None,
    store: Annotated[bool, typer.Option(help="Store the rating for the daemon.")] = True,
) -> None:
    """Measure how many sessions this host carries, and store that for the daemon.

    Watches more and more candidates, whose process sends a recording over real WebRTC, until decisions come
    late, frames are lost or the node would look less often. The rating is the most sessions without any of
    that; the daemon admits no more from its next start on. The recording must be H.264 without B-frames or
    VP8, with a keyframe every two seconds. Stop the daemon first, and let nothing else run. Exits with 1 if
    not even one session holds.

    Examples:

        proctor-edge bench --config /etc/proctor/edge.toml

        proctor-edge bench --config edge.toml --recording exam.mkv --minutes 5 --no-store --out rating.json
    """
    try:
        settings = counting(load(config, EdgeConfig))
        node = load_identity(settings.data_folder)
        _check_stopped(settings)
        logging.basicConfig(level=logging.ERROR)
        exam = Policy() if policy is None else read_policy(policy)
        with tempfile.TemporaryDirectory(prefix="proctor-bench-") as folder:
            given = _material(recording, Path(folder))
            bench = asyncio.run(
                _ramp(_for_candidates(settings), node, Path(folder), (given, exam), (minutes * 60, seconds))
            )
        if out is not None:
            with writing_under(out):
                out.write_text(json.dumps(bench.as_json(), indent=2) + "\n", "utf-8")
        _tell(bench, settings, store=store)
    except ProctorError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    if not bench.rating:
        raise typer.Exit(1)


def _check_stopped(settings: EdgeConfig) -> None:
    """Raises `ConfigError` while the daemon runs: it would be measured too."""
    try:
        listen(LOOPBACK, settings.status.port).close()
    except ConfigError as error:
        raise ConfigError(f"stop the daemon first: {error}") from error


def _for_candidates(settings: EdgeConfig) -> EdgeConfig:
    """The daemon's settings, for candidates on this host, without an upper bound or steps of its own."""
    analysis = settings.analysis.model_copy(update={"rating": most_tried(settings), "steps_down": False})
    media = settings.media.model_copy(
        update={"ice_servers": (), "loopback_candidates": True, "first_port": 0, "last_port": 0}
    )
    return settings.model_copy(update={"analysis": analysis, "media": media})


def _material(recording: Path | None, folder: Path) -> Material:
    if recording is not None:
        return read_material(recording)
    _say("making the recording that candidates send; half a minute")
    return made_material(folder)


async def _ramp(
    config: EdgeConfig,
    identity: Identity,
    folder: Path,
    exam: tuple[Material, Policy],
    times_s: tuple[float, float],
) -> Bench:
    """Try numbers until the rating is known or the time is over."""
    (material, policy), (whole_s, measured_s) = exam, times_s
    until_s = time.monotonic() + whole_s
    watch = watch_of(config, identity.node_id)
    async with stand_of(config, identity, folder, watch) as stand:
        report = await stand.node.worker.report()
        templates = (await stand.node.worker.enroll(material.portrait, ENROLLMENT_GATE)).templates
        if not templates:
            _say("the recording has no face that can be enrolled: no identity is verified")
        applicants = Applicants(policy, templates, Ed25519PrivateKey.generate())
        trial = Trial(applicants, material.recording, measured_s, convert_s(material.recording))
        figures, complete = await _climb(stand, trial, until_s)
    return Bench(
        rating=rating_of(each.step for each in figures),
        complete=complete,
        measured_utc=datetime.now(UTC),
        recording=material.described,
        conditions=conditions_of(config, report),
        steps=figures,
    )


async def _climb(stand: Stand, trial: Trial, until_s: float) -> tuple[list[StepFigures], bool]:
    """All steps, and whether the rating is known."""
    figures: list[StepFigures] = []
    while (
        sessions := next_sessions([each.step for each in figures], most_tried(stand.node.config))
    ) is not None:
        left_s = until_s - time.monotonic()
        if left_s < trial.longest_s(sessions):
            return figures, False
        _say(f"{sessions} sessions, {left_s / 60:.1f} minutes left …")
        figures.append(await try_sessions(stand, trial, sessions))
        _say(progress(figures[-1]))
        await asyncio.sleep(BETWEEN_S)
    return figures, True


def _tell(bench: Bench, settings: EdgeConfig, *, store: bool) -> None:
    typer.echo(bench.table())
    if not bench.rating:
        typer.echo("not even one session holds on this host; try a lower level, or other networks", err=True)
        return
    more = "" if bench.complete else "; the time was over before more were tried"
    typer.echo(f"rating: {bench.rating} sessions{more}")
    if store:
        measured = Rating(sessions=bench.rating, measured_utc=bench.measured_utc, conditions=bench.conditions)
        typer.echo(f"stored in {store_rating(settings.data_folder, measured)}")


def _say(text: str) -> None:
    typer.echo(text, err=True)
