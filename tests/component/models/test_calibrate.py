"""Calibrating on a folder of people."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from models import calibrate
from models.calibrate import compare, main
from models.calibration import Calibrated, Pairs, manifest_line, report, with_calibration
from models.dimming import darker, report as dimming_report
from models.gating import LIGHTS, SIZES_PX, trials
from models.manifest import load_manifest, parse_manifest
from models.people import groups_of, meshes, pictures
from models.serving import Serving
from models.similarity import Similarity
from shared.errors import ConfigError
from tests.support.people import as_by_webcam, collins, hopper
from tests.support.picture_bomb import bomb
from tests.support.weights import PROFILE, present, store

pytestmark = pytest.mark.weights


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Two women with two pictures each, a shot too many, a smeared one each, and three that do not count."""
    portraits = {"collins": collins(), "hopper": hopper()}
    for (who, portrait), smear_px in zip(portraits.items(), (4.0, 5.6), strict=True):
        (tmp_path / who).mkdir()
        cv2.imwrite(str(tmp_path / who / "portrait.png"), portrait)
        cv2.imwrite(str(tmp_path / who / "webcam.png"), as_by_webcam(portrait))
        # Blurred for the size of the face; some detectors see no face in one of 5.
        cv2.imwrite(str(tmp_path / who / "smeared.png"), cv2.GaussianBlur(portrait, (0, 0), smear_px))
    cv2.imwrite(str(tmp_path / "collins" / "portrait~2.png"), as_by_webcam(collins(), seed=2))
    cv2.imwrite(str(tmp_path / "hopper" / "dark.png"), (collins() // 8).astype(np.uint8))
    cv2.imwrite(str(tmp_path / "hopper" / "wall.png"), np.full((300, 300, 3), 90, np.uint8))
    (tmp_path / "hopper" / "notes.txt").write_text("no picture")
    return tmp_path


def test_every_good_picture_is_compared_with_every_other_that_it_could_meet(people: Path) -> None:
    present("dlib-resnet")
    serving = Serving(store(), PROFILE)
    seen = list(meshes(people, serving))
    assert [(each.person, each.original, each.enrollable) for each in seen] == [
        ("collins", "portrait", True), ("collins", "portrait", True),
        ("collins", "smeared", False), ("collins", "webcam", True),
        ("hopper", "portrait", True), ("hopper", "smeared", False), ("hopper", "webcam", True),
    ]  # fmt: skip
    for entry, judge in serving.uncalibrated():
        pairs = compare(judge, seen)
        # Six and three pairs of one woman but for the two shots of one picture; twelve of two women but for
        # the smeared ones with each other.
        assert (len(pairs.same), len(pairs.different)) == (6 - 1 + 3, 12 - 1)
        assert max(pairs.same) < judge.perfect
        text = report(entry.name, pairs, Calibrated(Similarity(((-9.0, 0.0), (1.0, 1.0))), "", None))
        assert "of 8 same pairs" in text


LINE = manifest_line(
    "mesh", Pairs((0.9,), (0.1, 0.2)), Calibrated(Similarity(((0.0, 0.5), (1.0, 1.0))), "", None)
)


def test_a_calibration_takes_the_place_of_the_old_one_and_nothing_else_changes() -> None:
    text = calibrate.MANIFEST.read_text("utf-8")
    changed = parse_manifest(with_calibration(text, "dlib-resnet", LINE))
    calibration = changed.entry("dlib-resnet").calibration
    assert calibration is not None
    assert (calibration.same_pairs, calibration.different_pairs, calibration.alignment) == (1, 2, "mesh")
    others = [entry for entry in changed.entries if entry.name != "dlib-resnet"]
    assert others == [entry for entry in load_manifest().entries if entry.name != "dlib-resnet"]


def test_a_recogniser_without_a_calibration_gets_one() -> None:
    text = calibrate.MANIFEST.read_text("utf-8")
    assert parse_manifest(text).entry("arcface-resnet50").calibration is None
    changed = parse_manifest(with_calibration(text, "arcface-resnet50", LINE))
    assert changed.entry("arcface-resnet50").calibration is not None


def test_a_network_that_the_manifest_does_not_name_is_refused() -> None:
    with pytest.raises(ValueError, match="nobody is not in the manifest"):
        with_calibration(calibrate.MANIFEST.read_text("utf-8"), "nobody", LINE)


def test_strangers_of_one_group_are_compared_apart(people: Path) -> None:
    present("dlib-resnet")
    (people / "groups.csv").write_text("name,group\ncollins,pilots\nhopper,sailors\n")
    serving = Serving(store(), PROFILE)
    seen, groups = list(meshes(people, serving)), groups_of(people)
    assert groups == {"collins": "pilots", "hopper": "sailors"}
    ((_, judge), *_) = serving.uncalibrated()
    apart = compare(judge, seen, groups).groups
    assert {name: (len(each.same), len(each.different)) for name, each in apart.items()} == {
        "pilots": (5, 0),
        "sailors": (3, 0),
    }
    together = compare(judge, seen, {"collins": "women", "hopper": "women"}).groups
    assert len(together["women"].different) == 11


def test_a_table_of_groups_without_its_columns_is_refused(people: Path) -> None:
    (people / "groups.csv").write_text("person,origin\ncollins,Elmira\n")
    with pytest.raises(ConfigError, match="needs a name and a group"):
        groups_of(people)


def test_the_manifest_says_whose_strangers_set_the_point_and_what_is_in_doubt() -> None:
    scale = Similarity(((-0.8, 0.5), (-0.4, 0.75), (0.0, 1.0)))
    line = manifest_line("mesh", Pairs((-0.45,), (-0.5,)), Calibrated(scale, "pilots", -0.48))
    changed = parse_manifest(with_calibration(calibrate.MANIFEST.read_text("utf-8"), "dlib-resnet", line))
    calibration = changed.entry("dlib-resnet").calibration
    assert calibration is not None
    assert (calibration.worst_group, calibration.doubt_from) == ("pilots", -0.48)


def test_dimmed_pictures_are_judged_against_lit_ones(people: Path) -> None:
    present("dlib-resnet")
    serving = Serving(store(), PROFILE)
    lit = [each for each in meshes(people, serving) if each.enrollable]
    dimmed = [each for one in lit if (each := darker(one, 40.0, serving)) is not None]
    assert {(each.person, each.original) for each in dimmed} == {(each.person, each.original) for each in lit}
    assert all(each.picture.mean() < one.picture.mean() for each, one in zip(dimmed, lit, strict=True))
    (line,) = dimming_report(serving.recognisers()[0], lit, dimmed, {})
    assert "0 missed and 0 in doubt" in line
    assert line.endswith("0 taken")
    assert darker(lit[0], 250.0, serving) is None


def test_a_good_picture_is_refused_at_no_size_and_in_no_light_but_for_darkness(people: Path) -> None:
    present("dlib-resnet")
    serving = Serving(store(), PROFILE)
    portrait = next(each for each in meshes(people, serving) if each.person == "hopper")
    tried = list(trials(portrait, "sailors", serving))
    # Never larger than the face is, which would blur it.
    assert {each.face_px for each in tried} == {size for size in SIZES_PX if size <= 200}
    assert {each.light for each in tried} == {*LIGHTS}
    assert {check for each in tried for check in each.enrollment} <= {"brightness"}
    assert not {check for each in tried for check in each.verification}


def test_too_few_people_are_refused_with_the_reason(people: Path, capsys: pytest.CaptureFixture[str]) -> None:
    present("dlib-resnet")
    assert main([str(people), "dlib-resnet"]) == 2
    said = capsys.readouterr().err
    assert "dlib-resnet: 8 same and 11 different pairs are too few" in said
    assert "notes.txt is left out" in said


def test_a_picture_of_too_many_pixels_is_left_out(people: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (people / "hopper" / "bomb.png").write_bytes(bomb(60_000))
    assert len([path for path, _ in pictures(people)]) == 9
    assert "bomb.png is left out" in capsys.readouterr().err


def test_a_copy_counts_once_and_under_another_name_it_is_refused(people: Path) -> None:
    portrait = people / "collins" / "portrait.png"
    before = [path for path, _ in pictures(people)]
    (people / "collins" / "copy.png").write_bytes(portrait.read_bytes())
    assert len([path for path, _ in pictures(people)]) == len(before)
    (people / "hopper" / "copy.png").write_bytes(portrait.read_bytes())
    with pytest.raises(ValueError, match="two people cannot share a picture"):
        list(pictures(people))


@pytest.mark.parametrize(
    ("folder", "names", "complaint"),
    [
        ("nowhere", (), "not a folder"),
        (".", ("nobody",), "called nobody"),
        (".", ("arcface-resnet50",), "called arcface"),
    ],
)
def test_a_wrong_request_is_refused_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], folder: str, names: tuple[str, ...], complaint: str
) -> None:
    assert main([str(tmp_path / folder), *names]) == 2
    assert complaint in capsys.readouterr().err


def test_without_weights_it_says_what_to_fetch(
    people: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PROCTOR_WEIGHTS", str(people / "none"))
    assert main([str(people)]) == 2
    assert "models fetch --task face-recognition" in capsys.readouterr().err


def test_all_calibrations_are_stored_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = calibrate.MANIFEST.read_text("utf-8")
    copy = tmp_path / "manifest.toml"
    copy.write_text(before, "utf-8")
    monkeypatch.setattr(calibrate, "MANIFEST", copy)
    with pytest.raises(ValueError, match="nobody"):
        calibrate.store({"dlib-resnet": LINE, "nobody": LINE})
    assert copy.read_text("utf-8") == before
    calibrate.store({"dlib-resnet": LINE, "arcface-resnet50": LINE})
    assert copy.read_text("utf-8").count(LINE) == 2
