"""What the manifest says of a network's input is what its code goes by: each key, of each network."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from models.manifest import Colour, Entry, Input, Levels, Manifest, Profile, Runtime, load_manifest
from models.recognition import Recogniser
from models.results import Box, Face, Floats
from models.runtime import open_network
from models.serving import Serving
from models.store import Store
from shared.errors import ConfigError, Unavailable
from tests.support.entries import make_file
from tests.support.foreign import face_at, head_mesh
from tests.support.networks import save_pooling
from tests.support.people import collins
from tests.support.weights import networks, present, store

ROWS = tomllib.loads(files("models").joinpath("manifest.toml").read_text("utf-8"))["network"]
DECLARED = [(row["name"], key) for row in ROWS for key in row.get("input", {})]
FACE = Face(Box(150, 40, 140, 170), face_at(220, 120).landmarks_px, 1.0)
SIDES_PX = {"input.1": 112, "0": 128, "picture": 150}
CELL_PX = 10
PORTS = {"face-reidentification-retail-0095": "0", "dlib-resnet": "picture"}


def pooling(name: str, folder: Path) -> tuple[Path, Entry]:
    """A weights folder that holds a small network in place of this recogniser's, and its entry."""
    port = PORTS.get(name, "input.1")
    side_px, values = SIDES_PX[port], 3 * (SIDES_PX[port] // CELL_PX) ** 2
    # The offset makes the answer depend on the scale of what is fed, although embeddings have length one.
    graph = save_pooling(
        folder / "tiny.onnx", input_name=port, side_px=side_px, cell_px=CELL_PX, values=values, offset=1.0
    )
    file = make_file("tiny.onnx", content=graph.read_bytes())
    entry = replace(load_manifest().entry(name), runtime=Runtime.ONNX_CPU, files=(file,))
    kept = Store(folder / "weights", Manifest((entry,)))
    kept.folder(entry).mkdir(parents=True)
    graph.rename(kept.paths(entry)[0])
    return kept.root, entry


def recogniser(root: Path, entry: Entry, said: Input) -> Recogniser:
    """The one that serves with this input in its row."""
    alone = Store(root, Manifest((replace(entry, input=said),)))
    ((_, made),) = Serving(alone, Profile.RESEARCH).uncalibrated()
    return made


def levels_are_used(name: str, folder: Path) -> None:
    root, entry = pooling(name, folder)
    said = entry.input.levels
    assert said is not None

    def seen(levels: Levels) -> Floats:
        made = recogniser(root, entry, replace(entry.input, levels=levels))
        return made.embed(collins(), head_mesh().fit(collins(), FACE)).vector

    other = Colour.BGR if said.colour is Colour.RGB else Colour.RGB
    red, green, blue = said.mean
    for changed in (
        replace(said, colour=other),
        replace(said, mean=(red + 20, green, blue)),
        replace(said, mean=(red, green, blue + 20)),
        replace(said, scale=said.scale * 1.5),
    ):
        assert float(np.abs(seen(changed) - seen(said)).max()) > 1e-5
    with pytest.raises(ConfigError, match="levels"):
        recogniser(root, entry, replace(entry.input, levels=None))


def canvas_is_used(name: str, _folder: Path) -> None:
    entry, mesh = present(name), present("mediapipe-face-mesh")

    def find(said: Input) -> tuple[Face, ...]:
        alone = Store(store().root, Manifest((replace(entry, input=said), mesh)))
        return Serving(alone, Profile.OPEN).face_detector().find(collins())

    assert len(find(entry.input)) == 1
    with pytest.raises(Unavailable):  # the network takes no other size
        find(replace(entry.input, canvas_px=(320, 256)))


def shapes_are_used(name: str, _folder: Path) -> None:
    entry = present(name)
    taken = {port.name for network in networks(name) for port in network.inputs}
    assert set(entry.input.shapes) <= taken


def span_is_used(name: str, _folder: Path) -> None:
    """Levels outside the declared span are cut off: with half of it the network sees another picture."""
    entry = present(name)
    said = entry.input.span
    assert said is not None
    low, high = said
    usual = networks(name)[0]
    (port,) = usual.inputs
    noise = np.random.default_rng(1).random([side or 1 for side in port.shape], np.float32)
    pixels = {port.name: np.rint(noise * 255) / np.float32(255 / (high - low)) + np.float32(low)}
    halved = open_network(store().path(entry), runtime=Runtime.MEDIAPIPE, span=(low, (low + high) / 2))
    expected, found = usual.run(pixels), halved.run(pixels)
    key = usual.outputs[0]
    assert float(np.abs(found[key] - expected[key]).max()) > 0.01 * float(np.abs(expected[key]).max())


USES: dict[str, Callable[[str, Path], None]] = {
    "levels": levels_are_used,
    "canvas_px": canvas_is_used,
    "shapes": shapes_are_used,
    "span": span_is_used,
}


@pytest.mark.weights
@pytest.mark.parametrize(("name", "key"), DECLARED)
def test_what_is_declared_is_used(name: str, key: str, tmp_path: Path) -> None:
    USES[key](name, tmp_path)


def test_every_recogniser_that_serves_declares_its_levels() -> None:
    declared = {name for name, key in DECLARED if key == "levels"}
    calibrated = {entry.name for entry in load_manifest().entries if entry.calibration is not None}
    assert calibrated <= declared
