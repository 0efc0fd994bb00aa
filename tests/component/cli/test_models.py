"""`proctorctl models` over real folders, a real registry and real runtimes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.models import app, listing
from models.manifest import Profile, load_manifest
from models.store import Store
from models.tasks import Task
from shared.errors import ConfigError
from tests.support.entries import WEIGHTS, make_entry, make_manifest
from tests.support.file_server import serving_files


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "weights"
    monkeypatch.setenv("PROCTOR_WEIGHTS", str(folder))
    monkeypatch.delenv("PROCTOR_WEIGHTS_MIRROR", raising=False)
    return folder


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


@pytest.mark.usefixtures("weights")
def test_list_names_every_network_and_why_it_does_not_serve() -> None:
    rows = json.loads(invoke("list", "-o", "json").output)
    assert {row["task"] for row in rows} == set(Task)
    assert {row["network"] for row in rows} == {entry.label for entry in load_manifest().entries}
    assert not any(row["serves"] or row["present"] for row in rows)
    assert all(row["licence"] and row["why"] for row in rows)
    refused = [row for row in rows if row["profile"] == "research"]
    assert all(row["why"].startswith("refused under profile open") for row in refused)


@pytest.mark.usefixtures("weights")
def test_a_list_for_a_pipe_cuts_no_word_and_gives_each_network_one_line() -> None:
    lines = invoke("list").output.splitlines()
    entries = load_manifest().entries
    assert len(lines) == 1 + len(entries)
    for entry in entries:
        (line,) = [line for line in lines if f" {entry.label} " in line]
        assert f" {entry.licence} " in line
    assert "…" not in "".join(lines)


@pytest.mark.usefixtures("weights")
def test_there_is_nothing_to_verify_before_anything_is_fetched() -> None:
    assert isinstance(invoke("verify").exception, ConfigError)


@pytest.mark.usefixtures("weights")
def test_list_says_of_every_network_never_proved_that_it_was_not() -> None:
    said = "not verified with real weights"
    rows = {row["network"]: row for row in json.loads(invoke("list", "-o", "json").output)}
    for entry in load_manifest().entries:
        assert (said in rows[entry.label]["why"]) == (not entry.verified)
    lines = [line for line in invoke("list").output.splitlines() if said in line]
    assert len(lines) == sum(not entry.verified for entry in load_manifest().entries)


def test_a_recogniser_without_a_calibration_is_never_said_to_serve(
    weights: Path,
) -> None:
    entry = make_entry("bare", task=Task.FACE_RECOGNITION)
    path = Store(weights, make_manifest(entry)).path(entry)
    path.parent.mkdir(parents=True)
    path.write_bytes(WEIGHTS)
    rows = {row["network"]: row for row in listing(Store(weights, make_manifest(entry)), Profile.OPEN)}
    assert rows["bare@1"]["present"]
    assert not rows["bare@1"]["serves"]
    assert "no calibration" in rows["bare@1"]["why"]


@pytest.mark.usefixtures("weights")
def test_list_under_research_refuses_nothing() -> None:
    rows = json.loads(invoke("list", "-o", "json", "--profile", "research").output)
    assert not any(row["why"].startswith("refused") for row in rows)


def test_a_registry_alone_serves_and_the_network_runs(weights: Path) -> None:
    fetched = invoke("fetch", "--name", "silero-vad")
    assert fetched.exit_code == 0, fetched.output
    rows = json.loads(invoke("list", "-o", "json").output)
    (serving,) = [row for row in rows if row["serves"]]
    assert serving["network"] == "silero-vad@6.2.3"
    (verified,) = json.loads(invoke("verify", "-o", "json").output)
    assert verified["hash"] == ""
    assert verified["run"]["devices"] == ["cpu"]
    assert not list(weights.rglob("*.part"))


def test_verify_finds_one_changed_byte_and_ends_with_an_error(weights: Path) -> None:
    invoke("fetch", "--name", "silero-vad")
    store = Store.here()
    path = store.path(store.manifest.entry("silero-vad"))
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.write_bytes(content)
    result = invoke("verify", "-o", "json")
    assert result.exit_code == 1
    assert "damaged" in json.loads(result.output)[0]["hash"]


def test_verify_ends_with_an_error_where_a_named_network_is_not_there(weights: Path) -> None:
    invoke("fetch", "--name", "silero-vad")
    result = invoke("verify", "--name", "silero-vad", "--name", "yunet", "-o", "json")
    assert result.exit_code == 1
    found = {row["network"]: row["hash"] for row in json.loads(result.output)}
    assert found == {"silero-vad@6.2.3": "", "yunet@2023.dynamic": "yunet_n_dynamic.onnx not fetched"}


def test_verify_looks_at_a_network_whose_main_file_is_lost(weights: Path) -> None:
    (other,) = load_manifest().entry("fsanet").files[1:]
    store = Store.here()
    path = store.folder(store.manifest.entry("fsanet")) / other.name
    path.parent.mkdir(parents=True)
    path.write_bytes(b"what is left")
    result = invoke("verify", "-o", "json")
    assert result.exit_code == 1
    assert [row["network"] for row in json.loads(result.output)] == ["fsanet@688590"]


def test_verify_of_a_network_that_shares_weights_verifies_those(weights: Path) -> None:
    invoke("fetch", "--name", "mediapipe-iris")
    (row,) = json.loads(invoke("verify", "--name", "iris-gaze", "-o", "json").output)
    assert (row["network"], row["hash"]) == ("mediapipe-iris@0.10.21", "")
    assert row["run"]["problem"] == ""


@pytest.mark.usefixtures("weights")
def test_a_network_that_cannot_be_had_ends_with_an_error() -> None:
    result = invoke("fetch", "--name", "arcface-mobilefacenet-dequantised", "--profile", "research")
    assert result.exit_code == 1
    assert "missing  arcface-mobilefacenet-dequantised" in result.output


@pytest.mark.usefixtures("weights")
@pytest.mark.parametrize(
    "arguments",
    [("--name", "nonesuch"), ("--name", "scrfd-500m"), ("--mirror", "/nowhere"), ("--mirrored",)],
)
def test_a_wrong_request_is_a_configuration_error(arguments: tuple[str, ...]) -> None:
    assert isinstance(invoke("fetch", *arguments).exception, ConfigError)


def test_everything_a_mirror_holds_can_be_fetched_at_once(weights: Path, tmp_path: Path) -> None:
    source = Store.here()
    entry = load_manifest().entry("silero-vad")
    assert invoke("fetch", "--name", entry.name).exit_code == 0
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / "silero_vad_openvino_16k.onnx").write_bytes(source.path(entry).read_bytes())
    weights.rename(tmp_path / "elsewhere")
    assert invoke("fetch", "--mirror", str(mirror), "--mirrored").exit_code == 0
    record = json.loads((source.folder(entry) / "fetched.json").read_text())
    assert record[entry.file]["origin"] == str(mirror / entry.file)


def test_an_interrupted_fetch_ends_soon_and_keeps_what_came(tmp_path: Path) -> None:
    with serving_files() as server:
        server.files["yunet_n_dynamic.onnx"] = bytes(322_906)
        server.hold_after = 5000
        process = subprocess.Popen(
            [sys.executable, "-c", "from cli.main import main; main()", "models", "fetch", "--name", "yunet"],
            env={
                "PROCTOR_WEIGHTS": str(tmp_path),
                "PROCTOR_WEIGHTS_MIRROR": server.url,
                "PATH": "/usr/bin:/bin",
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        with process:
            wait_for_bytes(tmp_path, 5000)
            process.send_signal(signal.SIGINT)
            # Long enough for a loaded machine to hand the signal to the main thread first.
            threading.Timer(3.0, server.released.set).start()
            _, said = process.communicate(timeout=20)
    assert process.returncode not in (0, None)
    assert b"Traceback" not in said
    (part,) = tmp_path.rglob("*.part")
    assert part.stat().st_size == 5000


def wait_for_bytes(folder: Path, count: int) -> None:
    """Until a partial file of at least `count` bytes lies under `folder`."""
    give_up_at = time.monotonic() + 20
    while not any(path.stat().st_size >= count for path in folder.rglob("*.part")):
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


def test_the_command_says_a_configuration_error_in_one_line_with_exit_code_2(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from cli.main import main; main()",
            "models",
            "fetch",
            "--mirror",
            "/nowhere",
        ],
        env={"PROCTOR_WEIGHTS": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "the mirror folder /nowhere does not exist" in done.stderr
    assert "Traceback" not in done.stderr
