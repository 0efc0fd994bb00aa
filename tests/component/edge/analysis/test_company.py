"""A poster behind a real candidate hides nobody and is nobody; a real second person is found."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import cv2
import numpy as np
import pytest

from edge.analysis.engine import Engine
from edge.analysis.examination import Enrolled, examine
from edge.analysis.levels import LevelInForce
from edge.analysis.networks import Networks
from edge.analysis.perception import Perception
from edge.judging.alerts import AlertRevision
from edge.judging.watch import Watch
from edge.media.frames import VideoFrame
from edge.media.recording import open_recording
from edge.tools.offline import recorded_session
from shared.observations import Observation
from shared.policy.schema import Policy
from shared.policy.terms import ENROLLMENT_GATE
from tests.scenarios.camera import SAMPLES_PER_S, Lens, Shot, send
from tests.scenarios.performers import HEIGHT_PX, WIDTH_PX, Image, Performer, media_folder, performers
from tests.support.weights import all_networks

pytestmark = [pytest.mark.weights, pytest.mark.early, pytest.mark.timeout(300)]

FPS = 15
LEVEL = 1
POLICY = Policy(baseline_s=10)
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


@dataclass(frozen=True, slots=True)
class Seen:
    observations: list[Observation]
    revisions: list[AlertRevision]

    def onsets_s(self) -> dict[str, float]:
        """Events raised, each with its onset."""
        alerts = [each.alert for each in self.revisions]
        return {alert.event_type.value: alert.onset.timestamp() for alert in reversed(alerts)}


def behind(candidate: View, other: View, from_s: float = 0.0) -> View:
    """The candidate before a wall, and from then on the other's head in its upper right corner."""

    def view(at_s: float) -> Image:
        room = np.full((HEIGHT_PX, WIDTH_PX, 3), 150, np.uint8)
        room[144:, :448] = cv2.resize(candidate(at_s), (448, 336), interpolation=cv2.INTER_AREA)
        if at_s >= from_s:
            head = cv2.resize(other(at_s)[:400, 120:520], (180, 180), interpolation=cv2.INTER_AREA)
            room[10:190, 455:635] = head
        return room

    return view


def watched(path: Path, view: View, seconds: float, portrait: Image, networks: Networks) -> Seen:
    """What is seen and raised of a recording of this, with the portrait's person enrolled."""
    lens = Lens(Shot(), 1)
    shown = (lens.grained(view(number / FPS)) for number in range(round(seconds * FPS)))
    send(path, shown, np.zeros(round(seconds * SAMPLES_PER_S), np.float32), Shot(), 1)

    async def main() -> Seen:
        recogniser = networks.recognisers[0]
        template = examine(networks, portrait, ENROLLMENT_GATE, (recogniser,)).embeddings[0]
        session = recorded_session(path.name, POLICY, networks)
        watch, seen = Watch(session, level=LEVEL), Seen([], [])
        async with Engine(2) as engine:
            perception = Perception(
                session.session_id,
                engine,
                networks,
                policy=POLICY,
                templates={recogniser.name: Enrolled(UUID(int=1), template)},
                level=LevelInForce(LEVEL),
            )
            for frame in open_recording(path).media():
                if isinstance(frame, VideoFrame):
                    look = await perception.look(frame)
                    seen.observations.append(look.observation)
                    seen.revisions.extend(watch.observe(look.observation, look.frame))
        return seen

    return asyncio.run(main())


def test_a_poster_behind_the_candidate_hides_nothing_and_is_nobody(
    networks: Networks, people: tuple[Performer, ...], tmp_path: Path
) -> None:
    candidate, other = people[0], people[3]
    still = other.view(0.0)
    view = behind(candidate.view, lambda _: still)
    seen = watched(tmp_path / "poster.mkv", view, 26, candidate.view(0.2), networks)
    assert seen.onsets_s().keys() == {"CALIBRATED", "PICTURE_IN_VIEW"}
    (told,) = [each for each in seen.revisions if each.alert.event_type == "PICTURE_IN_VIEW"]
    assert told.pictures
    both = [each for each in seen.observations if each.faces is not None and len(each.faces) > 1]
    assert len(both) > 100
    checks = [each.identity for each in both if each.identity is not None]
    matched = [check for check in checks if check.similarity is not None and check.similarity >= 0.75]
    assert len(matched) >= 0.9 * len(checks) >= 20
    assert sum(each.gaze is not None for each in both) >= 50


def test_its_twin_a_living_second_person_is_found_in_time(
    networks: Networks, people: tuple[Performer, ...], tmp_path: Path
) -> None:
    candidate, other = people[0], people[3]
    view = behind(candidate.view, other.view, from_s=4.0)
    seen = watched(tmp_path / "beside.mkv", view, 12, candidate.view(0.2), networks)
    assert seen.onsets_s()["MULTIPLE_FACES"] == pytest.approx(4.0, abs=0.4)
    raised = [each for each in seen.revisions if each.alert.event_type == "MULTIPLE_FACES"]
    assert raised[0].alert.raised.timestamp() <= 4.0 + 3.0 + 3.0
    assert "PICTURE_IN_VIEW" not in seen.onsets_s()


def test_the_candidate_s_mirror_image_is_nobody(
    networks: Networks, people: tuple[Performer, ...], tmp_path: Path
) -> None:
    candidate = people[0]
    view = behind(candidate.view, lambda at_s: np.ascontiguousarray(candidate.view(at_s)[:, ::-1]))
    seen = watched(tmp_path / "mirror.mkv", view, 26, candidate.view(0.2), networks)
    assert seen.onsets_s().keys() == {"CALIBRATED", "PICTURE_IN_VIEW"}
