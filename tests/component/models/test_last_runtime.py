"""MediaPipe's own networks in the other runtimes, where the first one cannot open or run them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.chain import Runtime
from models.images import Image, cut
from models.manifest import Manifest, load_manifest
from models.opening import open_entry
from models.results import Floats, Region
from models.runtime import Network, open_network
from models.store import Store
from shared.errors import ConfigError, Unavailable
from tests.support import seen_without
from tests.support.entries import make_entry, make_file
from tests.support.networks import save_affine
from tests.support.people import collins, media, read
from tests.support.weights import network, present, store

pytestmark = pytest.mark.weights

OWN = [entry.name for entry in load_manifest().entries if Runtime.MEDIAPIPE in entry.then]
ROOT = Path(__file__).parents[3]


def opened(name: str, runtime: Runtime, streams: int = 1) -> Network:
    """One network in this runtime."""
    entry = present(name)
    return open_network(
        store().path(entry), runtime=runtime, span=entry.input.span, streams=streams, unread=entry.unread
    )


def fed(name: str, picture: Image) -> Floats:
    """The largest square of a picture, as the network's input."""
    span = present(name).input.span
    assert span is not None
    low, high = span
    side_px = network(name).inputs[0].shape[1]
    assert side_px is not None
    height, width = picture.shape[:2]
    chip = cut(picture, Region(width / 2, height / 2, float(min(height, width)), 0.0), side_px)
    values: Floats = (chip * np.float32((high - low) / 255) + np.float32(low)).astype(np.float32)[None]
    return values


@pytest.mark.parametrize("runtime", [Runtime.LITERT, Runtime.MEDIAPIPE])
@pytest.mark.parametrize("name", OWN)
def test_every_runtime_gives_the_same_outputs(name: str, runtime: Runtime) -> None:
    usual, other = network(name), opened(name, runtime)
    assert usual.device == "cpu-openvino"
    assert other.device == f"cpu-{runtime}"
    assert [(port.name, port.shape, port.dtype) for port in other.inputs] == [
        (port.name, port.shape, port.dtype) for port in usual.inputs
    ]
    pixels = {usual.inputs[0].name: fed(name, collins())}
    expected, found = usual.run(pixels), other.run(pixels)
    assert found.keys() == expected.keys()
    for key, values in expected.items():
        assert found[key].shape == values.shape
        np.testing.assert_allclose(
            found[key], values, rtol=0, atol=1e-3 * max(1.0, float(np.abs(values).max()))
        )


EVERY_OTHER = ("openvino", "onnxruntime", "ai_edge_litert")


@pytest.mark.parametrize(
    ("who", "absent", "device"),
    [
        ("collins", ("openvino",), "cpu-litert"),
        ("collins", EVERY_OTHER, "cpu-mediapipe"),
        ("pose/open_desk_woman_f18.jpg", EVERY_OTHER, "cpu-mediapipe"),
    ],
)
def test_without_the_usual_runtimes_the_same_is_seen_and_the_device_says_so(
    who: str, absent: tuple[str, ...], device: str, tmp_path: Path
) -> None:
    for name in OWN:
        present(name)
    picture = collins() if who == "collins" else read(media(who))
    path = tmp_path / "picture.png"
    cv2.imwrite(str(path), picture)
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.seen_without", str(path), *absent],
        cwd=ROOT,
        env=os.environ | {"PROCTOR_WEIGHTS": str(store().root)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told, usual = json.loads(done.stdout), seen_without.seen(picture)
    assert not set(told.pop("loaded")) & set(absent)
    assert set(usual.pop("devices").values()) == {"cpu-openvino"}
    assert set(told.pop("devices").values()) == {device}
    assert told.keys() == usual.keys()
    for key, value in usual.items():
        largest = float(np.abs(value).max())
        np.testing.assert_allclose(told[key], value, rtol=0, atol=max(0.1, largest / 1000), err_msg=key)


def test_a_network_that_no_runtime_runs_names_what_each_of_them_said(tmp_path: Path) -> None:
    """The first gives infinity for zeros, the second cannot read the file, the third lacks the span."""
    path = save_affine(tmp_path / "bad.onnx", offset=float("inf"))
    entry = replace(
        make_entry("net", make_file("bad.onnx", content=path.read_bytes())),
        runtime=Runtime.ONNX_CPU,
        then=(Runtime.LITERT, Runtime.MEDIAPIPE),
    )
    kept = Store(tmp_path / "weights", Manifest((entry,)))
    kept.folder(entry).mkdir(parents=True)
    path.rename(kept.paths(entry)[0])
    with pytest.raises(
        Unavailable, match=r"onnx-cpu: .*not finite.*litert: .*LiteRT can read.*mediapipe: .*span"
    ):
        open_entry(kept, entry)
    with pytest.raises(Exception, match="not finite"):
        open_entry(kept, replace(entry, then=()))


def test_mediapipe_refuses_a_picture_of_another_size_and_lives_on() -> None:
    name = "mediapipe-iris"
    iris = opened(name, Runtime.MEDIAPIPE, streams=2)
    pixels = fed(name, collins())
    with pytest.raises(Unavailable, match="failed on cpu-mediapipe"):
        iris.run({iris.inputs[0].name: pixels[:, :32]})
    answer = iris.run({iris.inputs[0].name: pixels})
    assert answer["output_iris"].shape == (1, 15)


def test_mediapipe_needs_to_know_the_span() -> None:
    with pytest.raises(ConfigError, match=r"span .* iris_landmark\.tflite"):
        open_network(store().path(present("mediapipe-iris")), runtime=Runtime.MEDIAPIPE)
