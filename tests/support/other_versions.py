"""Another version of the detector of faces, made for a test: it sees the same, or it sees nobody."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Final

import onnx
from onnx import TensorProto, helper

from models.manifest import File, Manifest, Mirror
from tests.support.weights import present, store

TASK: Final = "face-detection"
OWN: Final = "yunet@2023.dynamic"
"""The version that serves."""
OTHER: Final = "yunet-2023mar@2"
"""The one that is rolled out; its row in the manifest is the test's."""
_FILE: Final = "another_export.onnx"


def weights_with_other(folder: Path, *, blind: bool) -> Manifest:
    """A weights folder with only what finds faces, and the other version beside it; its manifest."""
    own, mesh = present("yunet"), present("mediapipe-face-mesh")
    for entry in (own, mesh):
        (folder / entry.name).mkdir(parents=True)
        (folder / entry.name / entry.version).symlink_to(store().folder(entry))
    content = _exported(store().path(own), blind=blind)
    name, _, version = OTHER.partition("@")
    (folder / name / version).mkdir(parents=True)
    (folder / name / version / _FILE).write_bytes(content)
    file = File(name=_FILE, sha256=sha256(content).hexdigest(), sources=(Mirror(mirror=_FILE),))
    return Manifest((own, replace(own, name=name, version=version, files=(file,)), mesh))


def _exported(path: Path, *, blind: bool) -> bytes:
    """The network in other bytes; with `blind` every face has a score of zero."""
    network = onnx.load(path)
    network.doc_string = "another export"
    if blind:
        graph = network.graph
        graph.initializer.append(helper.make_tensor("nothing", TensorProto.FLOAT, [1], [0.0]))
        for score in [one.name for one in graph.output if one.name.startswith("cls")]:
            [maker] = [node for node in graph.node if score in node.output]
            maker.output[list(maker.output).index(score)] = f"{score}-seen"
            graph.node.append(helper.make_node("Mul", [f"{score}-seen", "nothing"], [score]))
    content: bytes = network.SerializeToString()
    return content
