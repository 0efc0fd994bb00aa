"""Every staged sound is found in time and place, and its twin left in peace: sound alone, at full speed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from edge.accuracy.exams import watch_exam
from edge.accuracy.folder import Exam
from edge.accuracy.results import ExamResult
from edge.accuracy.selection import Selection
from models.results import Mesh
from shared.errors import ConfigError
from shared.events.types import EventType
from tests.scenarios.acts import ACTS, Act
from tests.scenarios.exams import SHOTS, scripted, soundtrack, truth_of
from tests.scenarios.material import write_wave
from tests.scenarios.noises import library
from tests.scenarios.performers import HEIGHT_PX, WIDTH_PX, Image, Performer, media_folder
from tests.scenarios.staging import Cast
from tests.support.weights import all_networks, present

pytestmark = [pytest.mark.weights, pytest.mark.early]

BLACK = np.zeros((HEIGHT_PX, WIDTH_PX, 3), np.uint8)
HEARD = {"a voice", "a second voice", "telephone ringing", "typing", "digital silence"}


def unfitted(picture: Image) -> Mesh:
    raise AssertionError("nobody is looked at")


def nobody(name: str) -> Performer:
    return Performer(name, lambda at_s: BLACK, BLACK, unique_s=3.0)


def staged(folder: Path, media: Path | None, selection: Selection) -> ExamResult:
    """All acts of sound, each after its twin, from real sounds or from made ones."""
    for name in ("silero-vad", "ge2e"):
        present(name)
    acts: list[Act] = [act for act in ACTS if act.behaviour in HEARD and (media or not act.needs_media)]
    plan = scripted(Cast(nobody("anna"), nobody("bob"), unfitted), acts, SHOTS[0], seed=3)
    path = folder / "sounds.wav"
    write_wave(path, soundtrack(plan, library(media)))
    networks = all_networks(selection)
    exam = Exam(path, staged=True, truth=truth_of(plan), enrollment=())
    return asyncio.run(watch_exam(exam, selection, networks, lambda at_s: None))


def media_or_skip() -> Path:
    try:
        found = media_folder()
    except ConfigError as error:
        pytest.skip(str(error))
    if found is None:
        pytest.skip("PROCTOR_MEDIA is not set: no real sounds")
    return found


@pytest.mark.parametrize("real", [pytest.param(True, marks=pytest.mark.media), False], ids=["real", "made"])
def test_what_is_heard_is_found_and_its_twins_are_left_in_peace(tmp_path: Path, real: bool) -> None:
    present("yamnet")
    result = staged(tmp_path, media_or_skip() if real else None, Selection.OPEN)
    assert [answer for answer in result.answers if not (answer.in_time and answer.placed)] == []
    assert {answer.event for answer in result.answers} == {
        EventType.VOICE_DETECTED,
        EventType.MULTIPLE_SPEAKERS,
        EventType.AUDIO_ANOMALY,
        EventType.MICROPHONE_MUTED,
    }
    assert len(result.twins) >= 4
    assert [twin for twin in result.twins if not twin.peaceful] == []
    assert result.unexplained == ()


@pytest.mark.media
def test_without_a_network_for_sounds_the_rest_is_found_and_sounds_are_excused(tmp_path: Path) -> None:
    result = staged(tmp_path, media_or_skip(), Selection.REGISTRY)
    missed = {answer.event: answer.excuse for answer in result.answers if not answer.in_time}
    assert missed == {EventType.AUDIO_ANOMALY: "nothing was known of sounds"}
    assert result.unexplained == ()
