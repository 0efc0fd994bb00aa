"""One step of a measurement: real media from a process of its own, stand-in networks, no hub."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from edge.assembling import worker_settings
from edge.capacity import trying
from edge.capacity.candidates import Applicants, Sending
from edge.capacity.figures import StepFigures
from edge.capacity.material import convert_s, read_material
from edge.capacity.stand import stand_of
from edge.capacity.trying import Trial, try_sessions
from edge.fleet.rating import Rating
from edge.fleet.rating_file import conditions_of, store_rating
from edge.main import cli
from edge.media.writer import write_recording
from edge.workers.combined import nothing
from edge.workers.watching import in_this_process
from shared.errors import ConfigError
from shared.policy.schema import Policy
from tests.support.alerts import new_identity
from tests.support.foreign import Detector, stand_in
from tests.support.session_stage import config

FRAMES_PER_S, SAMPLES_PER_S, LENGTH_S = 15, 48_000, 10


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What candidates send again and again."""
    path = tmp_path_factory.mktemp("bench") / "room.mkv"
    frames = (np.full((240, 320, 3), number % 200, np.uint8) for number in range(LENGTH_S * FRAMES_PER_S))
    sound = np.zeros(LENGTH_S * SAMPLES_PER_S, np.float32)
    write_recording(path, frames, sound, frames_per_s=FRAMES_PER_S, samples_per_s=SAMPLES_PER_S)
    return path


async def tried(
    folder: Path, recording: Path, sessions: int, measured_s: float = 3.0
) -> tuple[StepFigures, int]:
    """The step's figures, and how many sessions are left after it. An earlier measurement gave a rating of
    one."""
    settings, identity = config(rating=4), new_identity()
    password = folder / "password"
    password.touch(mode=0o600)
    password.write_text("secret")
    nats = settings.nats.model_copy(update={"password_file": password})
    media = settings.media.model_copy(update={"loopback_candidates": True})
    settings = settings.model_copy(update={"nats": nats, "media": media, "data_folder": folder})
    watch = partial(
        in_this_process,
        worker_settings(settings, identity.node_id),
        open_networks=lambda _: stand_in(Detector()),
    )
    known = conditions_of(settings, replace(nothing(1), device="cpu"))
    store_rating(folder, Rating(sessions=1, measured_utc=datetime(2026, 1, 1, tzinfo=UTC), conditions=known))
    applicants = Applicants(Policy(), (), Ed25519PrivateKey.generate())
    async with stand_of(settings, identity, folder, watch) as stand:
        trial = Trial(applicants, recording, measured_s, convert_s(recording), warm_s=0.5)
        return await try_sessions(stand, trial, sessions), len(stand.node.assignments.roster)


@pytest.mark.xdist_group("realtime")
def test_candidates_are_watched_through_real_media_and_measured(tmp_path: Path, recording: Path) -> None:
    figures, left = asyncio.run(tried(tmp_path, recording, 2))
    assert left == 0
    assert figures.step.sessions == 2
    assert figures.looks > 0
    assert "not-watched" not in figures.step.passed
    assert figures.outcomes["done"] >= figures.looks
    assert figures.stages_ms["whole"]["p95"] >= figures.stages_ms["looked"]["p50"] > 0
    assert {"receive", "decode", "convert", "rules", "outbox", "whole"} <= figures.cpu.keys()
    assert figures.cpu["decode"] > 0
    assert {"cpu", "loop-lag", "memory"} <= figures.load.keys()
    assert figures.memory_bytes > 0


def test_a_number_does_not_hold_whose_candidates_send_nothing(
    tmp_path: Path, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @asynccontextmanager
    async def gone(_: Sending) -> AsyncIterator[None]:
        yield

    monkeypatch.setattr(trying, "connected", gone)
    figures, left = asyncio.run(tried(tmp_path, recording, 1, measured_s=0.2))
    assert left == 0
    assert {"not-watched", "nothing-analysed"} <= set(figures.step.passed)


def test_a_recording_is_described_and_one_that_cannot_be_sent_is_refused(
    tmp_path: Path, recording: Path
) -> None:
    material = read_material(recording)
    assert (material.described["width_px"], material.described["frames_per_s"]) == (320, 15)
    assert material.portrait.startswith(b"\xff\xd8")
    (tmp_path / "text.mkv").write_text("no recording")
    with pytest.raises(ConfigError, match="cannot be sent"):
        read_material(tmp_path / "text.mkv")


def test_the_help_has_examples() -> None:
    shown = CliRunner().invoke(cli, ["bench", "--help"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    assert "proctor-edge bench --config" in shown.output
    assert "--minutes" in shown.output
