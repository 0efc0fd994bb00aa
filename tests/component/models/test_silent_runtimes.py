"""No runtime tells its makers that it is used."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.networks import save_affine

OPEN = """
import sys
from pathlib import Path
from models.openvino_request import open_openvino
print(open_openvino(Path(sys.argv[1]), 1).device)
"""
CI = ("CI", "TF_BUILD", "JENKINS_URL")
"""In which OpenVINO is silent by itself."""


@pytest.fixture
def network(tmp_path: Path) -> Path:
    path = tmp_path / "network.onnx"
    save_affine(path)
    return path


def test_openvino_says_nothing_of_its_use(tmp_path: Path, network: Path) -> None:
    (home := tmp_path / "home").mkdir()
    environment = {name: value for name, value in os.environ.items() if name not in CI}
    environment |= {"HOME": str(home), "https_proxy": "http://127.0.0.1:9"}  # were it to speak, to nobody
    done = subprocess.run(
        [sys.executable, "-c", OPEN, str(network)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["cpu-openvino"]
    assert list(home.iterdir()) == []  # it keeps there a number by which its makers would know this host
