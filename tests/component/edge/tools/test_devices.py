"""`proctor-edge devices` opens what a node would use, and says on what it runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.analysis.networks import open_networks
from edge.main import cli
from edge.tools.devices import opened_rows
from models.chain import BestDevice
from models.manifest import Manifest, Profile, load_manifest
from models.runtime import installed_runtimes
from models.serving import Serving
from models.store import Store
from shared.events.looks import Look
from tests.support.weights import all_networks, present, store


@pytest.mark.weights
def test_every_network_in_use_has_a_device_a_time_and_the_reasons_of_the_better_ones() -> None:
    for name in ("yunet", "mediapipe-face-mesh", "yolox-nano"):
        present(name)
    rows = [row for row in opened_rows(Profile.OPEN, BestDevice.CUDA) if row["network"]]
    assert {row["device"] for row in rows} <= {"cpu", "cpu-openvino", "cpu-litert", "cuda:0"}
    assert all(row["milliseconds"] > 0 for row in rows)
    by_file = {row["file"]: row for row in rows}
    assert set(by_file) == {network.name for network in all_networks().opened}
    if not any(runtime.value == "onnx-cuda" for runtime in installed_runtimes()):
        refused = by_file["yunet_n_dynamic.onnx"]["refused"]
        assert refused == [{"runtime": "onnx-cuda", "reason": "not installed"}]
        assert by_file["face_landmark.tflite"]["refused"] == []


@pytest.mark.weights
def test_a_look_that_nothing_serves_is_told_with_the_reason() -> None:
    for name in ("yunet", "mediapipe-face-mesh"):
        present(name)
    needed = [load_manifest().entry(name) for name in ("yunet", "mediapipe-face-mesh")]
    bare = Store(store().root, Manifest(tuple(needed)))
    rows = [row for row in opened_rows(Profile.OPEN, BestDevice.CUDA, bare) if row["network"] is None]
    missing = open_networks(Serving(bare, Profile.OPEN)).missing
    assert {row["task"]: row["problem"] for row in rows} == dict(missing)
    assert Look.OBJECTS in missing


def test_a_host_without_weights_is_told_what_to_fetch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROCTOR_WEIGHTS", str(tmp_path))
    done = CliRunner().invoke(cli, ["devices", "--json"])
    assert done.exit_code == 2
    assert "models fetch" in done.output


@pytest.mark.weights
def test_programs_get_json_and_people_a_table() -> None:
    for name in ("yunet", "mediapipe-face-mesh"):
        present(name)
    asked = CliRunner().invoke(cli, ["devices", "--json", "--best-device", "cpu"])
    assert asked.exit_code == 0, asked.output
    rows = json.loads(asked.stdout)
    assert all(row["refused"] == [] for row in rows if row["network"])
    table = CliRunner().invoke(cli, ["devices", "--best-device", "cpu"]).stdout
    assert all(row["network"] in table for row in rows if row["network"])
    assert "proctor-edge devices" in CliRunner().invoke(cli, ["devices", "--help"]).output
