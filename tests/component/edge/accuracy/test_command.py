"""`proctor-edge accuracy` on a small labelled folder, with the networks at hand."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from edge.accuracy.selected import each_alone, narrowest, serving
from edge.accuracy.selection import Selection
from edge.main import cli
from models.manifest import Profile
from models.serving import Serving
from models.tasks import Task
from shared.errors import Unavailable
from tests.scenarios.camera import SAMPLES_PER_S
from tests.scenarios.material import write_wave
from tests.scenarios.noises import room_tone
from tests.support.people import as_by_webcam, collins, hopper, mirrored
from tests.support.weights import store

pytestmark = pytest.mark.weights


@pytest.fixture(scope="module", autouse=True)
def _weights() -> None:
    served = Serving(store(), Profile.OPEN)
    try:
        served.face_detector()
        served.recognisers()
    except Unavailable as error:
        pytest.skip(f"weights are missing: {error}")


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """Two people, a picture with two faces, a head that looks straight ahead, and a quiet room."""
    folder = tmp_path / "labelled"
    for person, picture in (("collins", collins()), ("hopper", hopper())):
        (folder / "people" / person).mkdir(parents=True)
        cv2.imwrite(str(folder / "people" / person / "one.png"), picture)
        cv2.imwrite(str(folder / "people" / person / "two.png"), as_by_webcam(mirrored(picture)))
    (folder / "counted").mkdir()
    both = np.hstack([collins()[:, :480], hopper()[:512, :480]])
    cv2.imwrite(str(folder / "counted" / "both.png"), both)
    (folder / "counted" / "counts.csv").write_text("picture,faces\nboth.png,2\n")
    (folder / "heads").mkdir()
    cv2.imwrite(str(folder / "heads" / "ahead.png"), collins())
    table = "picture,angle,from_deg,to_deg\nahead.png,yaw,-12,12\nahead.png,yaw,60,70\n"
    (folder / "heads" / "heads.csv").write_text(table)
    (folder / "sounds").mkdir()
    write_wave(folder / "sounds" / "room.wav", room_tone(4, seed=1)[: 4 * SAMPLES_PER_S])
    return folder


def test_a_labelled_folder_becomes_tables_and_a_page(labelled: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["accuracy", str(labelled), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    page = (tmp_path / "out" / "accuracy.html").read_text("utf-8")
    assert "Faces counted" in page
    assert "1 of 1 (100 %" in page  # every detector finds both faces
    assert "0 of 4 (0 %" in page  # four pairs of two people, none taken for one
    assert "should be 60…70" in page  # the label that is wrong on purpose is not met
    assert "Staged behaviours" not in page
    assert not list((tmp_path / "out").glob("*.part"))


def test_a_picture_that_is_none_is_a_problem_and_the_rest_is_judged(labelled: Path, tmp_path: Path) -> None:
    (labelled / "people" / "collins" / "broken.jpg").write_bytes(b"nothing")
    done = CliRunner().invoke(cli, ["accuracy", str(labelled), "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    page = (tmp_path / "accuracy.html").read_text("utf-8")
    assert "broken.jpg" in page
    assert "0 of 4 (0 %" in page


def test_a_folder_without_material_is_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["accuracy", str(tmp_path), "--out", str(tmp_path / "out")])
    assert done.exit_code == 2
    assert "no labelled material" in done.output
    assert not (tmp_path / "out").exists()


def test_the_registry_selection_takes_only_what_registries_hold() -> None:
    only = serving(store(), Selection.REGISTRY)
    only.face_detector()
    label = only.labels[Task.FACE_DETECTION].split("@")[0]
    assert store().manifest.entry(label).in_registry
    recognisers = [store().manifest.entry(one.name.split("@")[0]) for one in only.recognisers()]
    assert all(narrowest(store(), entry) == Selection.REGISTRY for entry in recognisers)


def test_each_detector_is_judged_without_its_rivals() -> None:
    judged = {}
    for entry, alone in each_alone(store(), [Selection.OPEN], Task.FACE_DETECTION):
        alone.face_detector()
        judged[entry.label] = alone.labels[Task.FACE_DETECTION]
    assert len(judged) >= 2
    assert all(asked == served for asked, served in judged.items())
    assert all(store().manifest.entry(label.split("@")[0]).profile is Profile.OPEN for label in judged)
