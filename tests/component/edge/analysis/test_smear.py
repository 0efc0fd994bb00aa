"""Lost packets smear a face into somebody else's: that accuses nobody, and a real swap is still found."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from edge.analysis.engine import Engine
from edge.analysis.examination import Enrolled, examine
from edge.analysis.levels import LevelInForce
from edge.analysis.networks import Networks
from edge.analysis.perception import Perception
from edge.judging.watch import Watch
from edge.media.frames import VideoFrame
from edge.media.recording import open_recording
from edge.tools.offline import recorded_session
from shared.policy.schema import Policy
from shared.policy.terms import ENROLLMENT_GATE
from tests.scenarios.camera import SAMPLES_PER_S, Lens, Shot, send
from tests.scenarios.performers import Image, Performer, media_folder, performers
from tests.support.weights import all_networks

pytestmark = [pytest.mark.weights, pytest.mark.early, pytest.mark.timeout(300)]

FPS = 15
SHOT = Shot(codec="VP8", loss=0.02, zoom=1.12, noise=1.0, kbit_per_s=700)
RECORDER = replace(SHOT, keyframe_every_s=10.0)
"""A recording, in which nobody asks for a keyframe after a loss."""
SEED = 1
VERIFYING_ONLY = 4

View = Callable[[float], Image]


@pytest.fixture(scope="module")
def networks() -> Networks:
    return all_networks()


@pytest.fixture(scope="module")
def people() -> tuple[Performer, ...]:
    media = media_folder()
    if media is None or not (media / "video").is_dir():
        pytest.skip("real recordings are missing: PROCTOR_MEDIA names no folder of them")
    return performers(media, seed=1)


def filmed(path: Path, view: View, seconds: float, shot: Shot) -> Path:
    """A recording of what is before the camera, with the packets that got lost left out."""
    lens, count = Lens(shot, SEED), round(seconds * FPS)
    frames = (lens.take(view(n / FPS), n / FPS) for n in range(count))
    send(path, frames, np.zeros(round(seconds * SAMPLES_PER_S), np.float32), shot, SEED)
    return path


def pictures(path: Path, *, marked: bool) -> Iterator[VideoFrame]:
    for media in open_recording(path).media():
        if isinstance(media, VideoFrame):
            yield media if marked else replace(media, damaged=False)


def reported(
    path: Path, candidate: Performer, networks: Networks, *, marked: bool = True
) -> dict[str, float]:
    """Events raised about the candidate, each with its onset."""

    async def main() -> dict[str, float]:
        recogniser = networks.recognisers[0]
        portrait = Lens(Shot(), 9).take(candidate.view(0.2), 0.2)
        template = examine(networks, portrait, ENROLLMENT_GATE, (recogniser,)).embeddings[0]
        known = {recogniser.name: Enrolled(UUID(int=1), template)}
        session = recorded_session(path.name, Policy(), networks)
        watch, found = Watch(session, level=VERIFYING_ONLY), {}
        async with Engine(1) as engine:
            perception = Perception(
                session.session_id,
                engine,
                networks,
                policy=Policy(),
                templates=known,
                level=LevelInForce(VERIFYING_ONLY),
            )
            for frame in pictures(path, marked=marked):
                seen = await perception.look(frame)
                for revision in watch.observe(seen.observation, seen.frame):
                    alert = revision.alert
                    found[alert.event_type.value] = alert.onset.timestamp()
        return found

    return asyncio.run(main())


def test_a_face_smeared_by_losses_is_nobody_else_s(
    networks: Networks, people: tuple[Performer, ...], tmp_path: Path
) -> None:
    candidate = people[1]
    path = filmed(tmp_path / "smeared.mkv", candidate.view, 90, RECORDER)
    # Were the smears looked at, they would accuse: else this footage could prove nothing.
    assert "FACE_MISMATCH" in reported(path, candidate, networks, marked=False)
    assert "FACE_MISMATCH" not in reported(path, candidate, networks)


def test_somebody_else_who_takes_the_seat_is_found_under_the_same_loss(
    networks: Networks, people: tuple[Performer, ...], tmp_path: Path
) -> None:
    candidate, other = people[1], people[2]

    def view(at_s: float) -> Image:
        return candidate.view(at_s) if at_s < 20 else other.view(at_s)

    found = reported(filmed(tmp_path / "swapped.mkv", view, 40, SHOT), candidate, networks)
    assert found["FACE_MISMATCH"] == pytest.approx(20, abs=2.1)
