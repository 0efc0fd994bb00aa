"""`proctor-edge analyze` on small recordings: what it writes, what it leaves unavailable, what it refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from edge.main import cli
from edge.media.writer import write_recording
from edge.tools import analyze as command
from models.chain import BestDevice
from models.manifest import Profile
from models.serving import Serving
from shared.alerts import decode_shown, encode_shown
from shared.observations import Observation
from shared.recorded import read_lines
from tests.support.people import as_by_webcam, collins, hopper, media
from tests.support.weights import all_networks, present, store

FRAMES_PER_S = 5
SAMPLES_PER_S = 48_000
pytestmark = pytest.mark.weights


@pytest.fixture(scope="module", autouse=True)
def served() -> None:
    if missing := all_networks().missing:
        pytest.skip(f"weights are missing: {missing}")


@pytest.fixture(scope="module", autouse=True)
def opened_once(served: None) -> Iterator[None]:
    """Networks opened by one command serve the next too, for nothing in them remembers."""

    @cache
    def serving(profile: Profile, best: BestDevice) -> Serving:
        return Serving(store(), profile, best=best)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "Serving", lambda here, profile, *, best: serving(profile, best))
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enrollment pictures and a recording: 4 s of the candidate, then an empty wall for 8 s, in silence."""
    made = tmp_path_factory.mktemp("recordings")
    there = cv2.resize(collins(), (640, 480)).astype(np.uint8)
    gone = np.full((480, 640, 3), 90, np.uint8)
    gone[:, 200:210] = 200
    shots = [as_by_webcam(there, seed=number) for number in range(FRAMES_PER_S)]
    frames = shots * 4 + [gone] * (8 * FRAMES_PER_S)
    silence = np.zeros(12 * SAMPLES_PER_S, np.float32)
    write_recording(
        made / "leaves.mkv", frames, silence, frames_per_s=FRAMES_PER_S, samples_per_s=SAMPLES_PER_S
    )
    cv2.imwrite(str(made / "collins.png"), collins())
    cv2.imwrite(str(made / "hopper.png"), hopper())
    cv2.imwrite(str(made / "dark.png"), (collins() * 0.1).astype(np.uint8))
    (made / "text.mkv").write_text("not a recording\n" * 50)
    (made / "empty.mkv").touch()
    (made / "text.png").write_text("not a picture")
    (made / "policy.json").write_text('{"version": 4, "rules": {"FACE_NOT_FOUND": {"hold_s": 2}}}')
    (made / "bad-policy.json").write_text('{"rules": {"FACE_NOT_FOUND": {"holds": 2}}}')
    return made


def analyze(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["analyze", *map(str, arguments)])


def results(out: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    summary = json.loads((out / "summary.json").read_bytes())
    lines = (out / "alerts.jsonl").read_bytes().splitlines()
    assert [encode_shown(decode_shown(line)) for line in lines] == lines
    return summary, [json.loads(line) for line in lines]


def observed(out: Path) -> list[Observation]:
    return list(read_lines((out / "observations.jsonl").read_bytes().splitlines()))


def test_a_candidate_who_leaves_is_reported_with_everything_written(folder: Path, tmp_path: Path) -> None:
    done = analyze(folder / "leaves.mkv", "--enroll", folder / "collins.png", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    summary, alerts = results(tmp_path / "out")
    assert {name: summary[name] for name in ("frames", "analysed_frames", "level", "unavailable")} == {
        "frames": 60, "analysed_frames": 60, "level": "L1", "unavailable": ["liveness"]}  # fmt: skip
    assert summary["duration_s"] == pytest.approx(12, abs=0.6)
    assert summary["realtime_factor"] == pytest.approx(summary["duration_s"] / summary["wall_s"], rel=0.01)
    found = {"FACE_NOT_FOUND": 1, "LEFT_FRAME": 1, "MICROPHONE_MUTED": 1, "UNWATCHED": 1}
    assert summary["alerts"] == found  # its sound is digital silence
    assert summary["in_part"] == {}
    absent = next(alert for alert in alerts if alert["event_type"] == "FACE_NOT_FOUND")
    assert absent["onset"] == "1970-01-01T00:00:04.000Z"
    assert absent["evidence"]["open_at_end"] is True
    assert absent["evidence_thumbnail"].startswith("data:image/jpeg;base64,")
    observations = observed(tmp_path / "out")
    assert sum(each.frame_id is not None for each in observations) == 60
    assert sum(each.identity is not None for each in observations) >= 4
    page = (tmp_path / "out" / "timeline.html").read_text()
    assert "No face was in the picture" in page
    assert "Not watched" in page
    assert summary["unwatched_s"].keys() == {"face", "body", "sound"}
    assert not list((tmp_path / "out").glob("*.part"))


def test_somebody_else_than_the_enrolled_is_reported(folder: Path, tmp_path: Path) -> None:
    done = analyze(folder / "leaves.mkv", "--enroll", folder / "hopper.png", "--out", tmp_path)
    assert done.exit_code == 0, done.output
    assert results(tmp_path)[0]["alerts"]["FACE_MISMATCH"] == 1


def test_the_same_recording_gives_the_same_alerts_byte_for_byte(folder: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert analyze(folder / "leaves.mkv", "--level", "L2", "--out", tmp_path / name).exit_code == 0
    assert (tmp_path / "one" / "alerts.jsonl").read_bytes() == (
        tmp_path / "two" / "alerts.jsonl"
    ).read_bytes()


def test_without_a_picture_identity_is_unavailable_and_raises_nothing(folder: Path, tmp_path: Path) -> None:
    assert analyze(folder / "leaves.mkv", "--out", tmp_path).exit_code == 0
    summary, _ = results(tmp_path)
    assert summary["unavailable"] == ["identity", "liveness"]
    assert not {"IDENTITY_UNVERIFIED", "FACE_MISMATCH"} & set(summary["alerts"])


def test_holds_and_version_are_those_of_the_given_policy(folder: Path, tmp_path: Path) -> None:
    done = analyze(folder / "leaves.mkv", "--policy", folder / "policy.json", "--out", tmp_path)
    assert done.exit_code == 0, done.output
    absent = next(alert for alert in results(tmp_path)[1] if alert["event_type"] == "FACE_NOT_FOUND")
    assert (absent["raised"], absent["metadata"]["policy_version"]) == ("1970-01-01T00:00:06.000Z", 4)


def test_no_level_is_claimed_that_the_device_does_not_bear(folder: Path, tmp_path: Path) -> None:
    done = analyze(folder / "leaves.mkv", "--level", "L0", "--out", tmp_path)
    assert done.exit_code == 2
    assert "cannot be used here" in done.stderr
    assert "use L1 (full on a CPU)" in done.stderr


@pytest.mark.parametrize(("level", "faces_hz"), [("L2", 5), ("L3", 2), ("L4", 1)])
def test_a_lower_level_looks_less(folder: Path, tmp_path: Path, level: str, faces_hz: float) -> None:
    assert analyze(folder / "leaves.mkv", "--level", level, "--out", tmp_path).exit_code == 0
    summary, _ = results(tmp_path)
    assert summary["analysed_frames"] == pytest.approx(12 * faces_hz, abs=1)
    observations = observed(tmp_path)
    assert any(each.body is not None for each in observations) is False
    assert any(each.speech is not None for each in observations) is (level != "L4")
    assert "FACE_NOT_FOUND" in summary["alerts"]


@pytest.mark.media
@pytest.mark.parametrize("name", ["trunc_fs.mp4", "corrupt.mp4"])
def test_a_damaged_recording_is_analysed_in_part_and_says_so(tmp_path: Path, name: str) -> None:
    done = analyze(media(f"faults/{name}"), "--level", "L4", "--out", tmp_path)
    assert done.exit_code == 3, done.output
    summary, _ = results(tmp_path)
    assert summary["in_part"].keys() == {"pictures", "sound"}
    assert summary["tracks"]["pictures"]["declared_s"] == 7.0
    for what in summary["in_part"].values():
        assert what in " ".join(done.output.split())
        assert what in (tmp_path / "timeline.html").read_text()


@pytest.mark.media
def test_a_film_of_one_picture_without_sound_is_analysed(tmp_path: Path) -> None:
    done = analyze(media("faults/zero.mp4"), "--level", "L4", "--out", tmp_path)
    assert done.exit_code == 0, done.output
    summary, _ = results(tmp_path)
    assert (summary["frames"], summary["in_part"]) == (1, {})
    assert "the recording has no sound" in summary["unavailable_reasons"].values()


def test_a_still_picture_is_a_recording_of_one_frame(folder: Path, tmp_path: Path) -> None:
    assert analyze(folder / "collins.png", "--out", tmp_path).exit_code == 0
    summary, alerts = results(tmp_path)
    assert (summary["frames"], alerts) == (1, [])
    assert summary["unavailable"] == ["identity", "liveness", "sounds", "speakers", "speech"]


def test_several_recordings_have_folders_of_their_own(folder: Path, tmp_path: Path) -> None:
    assert analyze(folder / "collins.png", folder / "hopper.png", "--out", tmp_path).exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["collins.png", "hopper.png"]
    assert (tmp_path / "hopper.png" / "summary.json").is_file()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["text.mkv"], "text.mkv"),
        (["empty.mkv"], "empty.mkv"),
        (["missing.mkv"], "missing.mkv"),
        (["collins.png", "text.mkv"], "text.mkv"),
        (["leaves.mkv", "--enroll", "text.png"], "not a picture"),
        (["leaves.mkv", "--enroll", "missing.png"], "missing.png"),
        (["leaves.mkv", "--enroll", "collins.png", "--enroll", "dark.png"], "dark.png: brightness is "),
        (["leaves.mkv", "--policy", "bad-policy.json"], "holds"),
        (["leaves.mkv", "--policy", "text.png"], "JSON"),
        (["leaves.mkv", "--audio", "collins.png"], "no sound"),
        (["leaves.mkv", "collins.png", "--audio", "leaves.mkv"], "--audio"),
    ],
)
def test_what_cannot_be_read_or_enrolled_ends_with_two_and_the_reason(
    folder: Path, tmp_path: Path, arguments: list[str], reason: str
) -> None:
    given = [each if each.startswith("--") else folder / each for each in arguments]
    done = analyze(*given, "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert reason in done.output
    assert not list(tmp_path.rglob("*.json*"))


def test_a_refused_picture_says_value_bound_and_advice(folder: Path, tmp_path: Path) -> None:
    done = analyze(folder / "leaves.mkv", "--enroll", folder / "dark.png", "--out", tmp_path)
    assert "needed 40 to 220: turn on more light in front of you" in " ".join(done.output.split())


@pytest.mark.media
@pytest.mark.parametrize("agreed", [True, False])
def test_phrases_are_listened_for_where_it_was_agreed_and_only_they_are_written(
    tmp_path: Path, agreed: bool
) -> None:
    pytest.importorskip("pocketsphinx", reason="pocketsphinx has no wheel for this Python")
    present("pocketsphinx-en-us")
    asked = {"features": {"speech_transcription": True}, "phrases": ["bin blue"]}
    (tmp_path / "policy.json").write_text(json.dumps(asked))
    said = media("video/open_grid_bbaf2n.mpg")
    options = ["--speech-agreed"] if agreed else []
    done = analyze(said, "--policy", tmp_path / "policy.json", "--out", tmp_path / "out", *options)
    assert done.exit_code == 0, done.output
    summary, alerts = results(tmp_path / "out")
    spoken = [alert for alert in alerts if alert["event_type"] == "KEYWORD_SPOKEN"]
    assert [(alert["evidence"]["phrase"], "sealed_excerpt" in alert) for alert in spoken] == (
        [("bin blue", False)] if agreed else []
    )
    refusal = "the candidate has not agreed to speech recognition"
    assert summary["unavailable_reasons"].get("phrases") == (None if agreed else refusal)
