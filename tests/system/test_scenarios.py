"""Exams composed from real pieces, through the whole analysis: what is staged is found, and nothing else."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from edge.accuracy.exams import watch_exam
from edge.accuracy.folder import read_folder
from edge.accuracy.results import ExamResult
from edge.accuracy.selection import Selection
from edge.analysis.networks import Networks
from shared.errors import ConfigError
from tests.scenarios.acts import ACTS
from tests.scenarios.camera import Shot
from tests.scenarios.exams import casts, make, scripted
from tests.scenarios.heads import fitter
from tests.scenarios.noises import library
from tests.scenarios.performers import Performer, media_folder, performers
from tests.support.weights import all_networks

pytestmark = [pytest.mark.weights, pytest.mark.early, pytest.mark.timeout(900)]
"""Two minutes of pictures are drawn, encoded, decoded and looked at: a busy machine takes minutes for it."""

EXAMS = {
    "people": (
        ("somebody else takes the seat", "a second person", "leaving the seat"),
        Shot(codec="VP8", gain=0.8, noise=3.0, kbit_per_s=600),
    ),
    "devices under loss": (("a voice", "camera blocked"), Shot(loss=0.03, zoom=0.92, warmth=0.05)),
}


@pytest.fixture(scope="module")
def networks() -> Networks:
    opened = all_networks()
    if opened.missing.keys() & {"faces", "identity", "body", "speech"}:
        pytest.skip(f"weights are missing: {opened.missing}")
    return opened


@pytest.fixture(scope="module")
def people() -> tuple[Performer, ...]:
    try:
        return performers(media_folder(), seed=1)
    except ConfigError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", EXAMS)
def test_what_is_staged_is_found_in_time_and_its_twins_are_left_in_peace(
    name: str,
    networks: Networks,
    people: tuple[Performer, ...],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    behaviours, shot = EXAMS[name]
    acts = [act for act in ACTS if act.behaviour in behaviours]
    cast = casts(people, fitter())[list(EXAMS).index(name)]
    make(scripted(cast, acts, shot, seed=5), tmp_path / "scripted", library(media_folder()))
    (exam,) = read_folder(tmp_path).exams
    result = asyncio.run(watch_exam(exam, Selection.OPEN, networks, lambda at_s: None))
    with capsys.disabled():
        sys.stderr.write(_told(name, result))
    assert len(result.answers) == sum(len(act.wanted) for act in acts)
    assert [answer for answer in result.answers if not (answer.in_time and answer.placed)] == []
    assert [twin for twin in result.twins if not twin.peaceful] == []
    assert result.twins
    assert result.unexplained == ()


def _told(name: str, result: ExamResult) -> str:
    delays = ", ".join(f"{answer.event} {answer.delay_s or 0:+.1f} s" for answer in result.answers)
    size = f"{result.width_px}×{result.height_px} at {result.frames_per_s:.0f} fps"
    return f"\n  {name}, {result.duration_s:.0f} s of {size}, {result.shot}: past the hold {delays}\n"
