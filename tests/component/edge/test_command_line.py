"""What `proctor-edge` refuses is said in one sentence, with exit code 2, before anything long begins."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from edge.main import cli
from shared.observations import Observation
from shared.recorded import write_line
from tests.support.observations import ONE, check, every, frame

HONEST = frame(0, faces=ONE, identity=check(0.9))
EXAM = [*every(0, 10, HONEST), *every(10, 17, frame(0, faces=())), *every(17, 30, HONEST)]


def recorded(folder: Path, observations: list[Observation]) -> Path:
    path = folder / "observations.jsonl"
    path.write_bytes(b"".join(map(write_line, observations)))
    return path


def said(*arguments: object) -> Result:
    return CliRunner().invoke(cli, list(map(str, arguments)))


def test_a_folder_for_a_rehearsal_that_cannot_be_made_is_named(impossible: Path) -> None:
    # A program of its own: this refusal ends the process at once, decoder threads or not.
    command = [sys.executable, "-c", "from edge.main import main; main()", "rehearse", "--out"]
    done = subprocess.run([*command, str(impossible)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [f"error: {impossible} cannot be written: Not a directory"]


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A recording of one frame."""
    path = tmp_path / "room.png"
    cv2.imwrite(str(path), np.full((480, 640, 3), 90, np.uint8))
    return path


@pytest.fixture
def impossible(tmp_path: Path) -> Path:
    """A folder that nobody can make, root neither: its parent is a file."""
    (tmp_path / "file").touch()
    return tmp_path / "file" / "out"


def test_a_folder_for_an_analysis_that_cannot_be_made_is_named(picture: Path, impossible: Path) -> None:
    done = said("analyze", picture, "--out", impossible)
    assert done.exit_code == 2
    assert done.output.splitlines() == [f"error: {impossible} cannot be written: Not a directory"]


def test_a_folder_for_a_measurement_that_cannot_be_made_is_named_before_measuring(
    tmp_path: Path, impossible: Path
) -> None:
    people = tmp_path / "media" / "people" / "anna"
    people.mkdir(parents=True)
    cv2.imwrite(str(people / "a.jpg"), np.full((48, 64, 3), 90, np.uint8))
    done = said("accuracy", tmp_path / "media", "--out", impossible)
    assert done.exit_code == 2
    assert done.output.splitlines() == [f"error: {impossible} cannot be written: Not a directory"]


POLICIES = {
    "unknown field": ('{"colour": 1}', "colour"),
    "a list": ("[]", "JSON object"),
    "no JSON": ("not json", "JSON"),
    "too large": (" " * 1_000_001, "1000000 bytes"),
}


@pytest.mark.parametrize(("policy", "reason"), POLICIES.values(), ids=POLICIES)
def test_a_file_that_is_no_policy_is_named_with_what_is_wrong(
    tmp_path: Path, picture: Path, policy: str, reason: str
) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text(policy)
    for command in (["analyze", picture], ["replay", recorded(tmp_path, EXAM)]):
        done = said(*command, "--policy", bad)
        assert done.exit_code == 2
        assert f"the policy {bad}" in done.output
        assert reason in done.output


def test_replay_compares_policy_files(tmp_path: Path) -> None:
    (tmp_path / "low.json").write_text('{"sensitivity": "low"}')
    (tmp_path / "now.json").write_text('{"version": 4}')
    files = [str(tmp_path / name) for name in ("low.json", "now.json")]
    arguments = ["replay", recorded(tmp_path, EXAM), "--policy", files[0], "--policy", files[1]]
    outcome = json.loads(said(*arguments, "-o", "json").output)
    assert [(each["policy"], len(each["findings"])) for each in outcome["policies"]] == [
        ("low.json", 0), ("now.json", 1)]  # fmt: skip
    assert "FACE_NOT_FOUND" in said(*arguments).output


def test_replay_of_what_is_no_recording_ends_with_two(tmp_path: Path) -> None:
    path = recorded(tmp_path, EXAM[:3])
    path.write_bytes(path.read_bytes() + b"x" * 70_000)
    assert said("replay", path).exit_code == 2
    assert said("replay", tmp_path / "none.jsonl").exit_code == 2
