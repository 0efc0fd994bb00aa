"""Calibrating on a folder of people."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from models.calibrate import compare, main, meshes, report
from models.serving import Serving
from models.similarity import Similarity
from tests.support.people import as_by_webcam, collins, hopper
from tests.support.weights import PROFILE, present, store

pytestmark = pytest.mark.weights


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Two women with two pictures each, and three pictures that must not count."""
    portraits = {"collins": collins(), "hopper": hopper()}
    for who, portrait in portraits.items():
        (tmp_path / who).mkdir()
        cv2.imwrite(str(tmp_path / who / "portrait.png"), portrait)
        cv2.imwrite(str(tmp_path / who / "webcam.png"), as_by_webcam(portrait))
    cv2.imwrite(str(tmp_path / "hopper" / "dark.png"), (collins() // 8).astype(np.uint8))
    cv2.imwrite(str(tmp_path / "hopper" / "wall.png"), np.full((300, 300, 3), 90, np.uint8))
    (tmp_path / "hopper" / "notes.txt").write_text("no picture")
    return tmp_path


def test_every_good_picture_is_compared_with_every_other(people: Path) -> None:
    present("dlib-resnet")
    serving = Serving(store(), PROFILE)
    seen = list(meshes(people, serving))
    assert [who for who, _, _ in seen] == ["collins", "collins", "hopper", "hopper"]
    for entry, judge in serving.uncalibrated():
        pairs = compare(judge, seen)
        assert (len(pairs.same), len(pairs.different)) == (2, 4)
        assert min(pairs.same) > max(pairs.different)
        assert max(pairs.same) < judge.perfect
        text = report(entry.name, judge.alignment, pairs, Similarity(((-9.0, 0.0), (1.0, 1.0))))
        assert "same_pairs = 2, different_pairs = 4" in text


def test_too_few_people_are_refused_with_the_reason(people: Path, capsys: pytest.CaptureFixture[str]) -> None:
    present("dlib-resnet")
    assert main([str(people), "dlib-resnet"]) == 2
    assert "too few" in capsys.readouterr().err
