"""Tiny networks written for a test, with known answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper, save

from models.manifest import Manifest, load_manifest
from models.store import Store
from tests.support.entries import make_file


def save_affine(path: Path, *, scale: float = 2.0, offset: float = 1.0, batch: int | str = "batch") -> Path:
    """Writes an ONNX network y = scale · x + offset over float32 [batch, 4]."""
    constants = [
        numpy_helper.from_array(np.full((1, 4), scale, np.float32), "scale"),
        numpy_helper.from_array(np.full((1, 4), offset, np.float32), "offset"),
    ]
    nodes = [
        helper.make_node("Mul", ["x", "scale"], ["scaled"]),
        helper.make_node("Add", ["scaled", "offset"], ["y"]),
    ]
    shape: Sequence[int | str] = [batch, 4]
    graph = helper.make_graph(
        nodes,
        "affine",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
        constants,
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


def save_saying(
    path: Path,
    inputs: Mapping[str, Sequence[int | str]],
    outputs: Mapping[str, NDArray[Any]],
    *,
    whole_numbers: Mapping[str, Sequence[int | str]] | None = None,
) -> Path:
    """Writes an ONNX network with these inputs (float32, or int64) that always answers these arrays."""
    ports = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs.items()]
    ports += [
        helper.make_tensor_value_info(n, TensorProto.INT64, s) for n, s in (whole_numbers or {}).items()
    ]
    constants = [numpy_helper.from_array(np.zeros((), np.float32), "zero")]
    nodes = [helper.make_node("ReduceMean", [next(iter(inputs))], ["mean"], keepdims=0)]
    nodes.append(helper.make_node("Mul", ["mean", "zero"], ["nothing"]))
    for name, answer in outputs.items():
        constants.append(numpy_helper.from_array(answer.astype(np.float32), f"{name}.said"))
        nodes.append(helper.make_node("Add", [f"{name}.said", "nothing"], [name]))
    graph = helper.make_graph(
        nodes,
        "saying",
        ports,
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, a.shape) for n, a in outputs.items()],
        constants,
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


def save_pooling(
    path: Path, *, input_name: str, side_px: int, cell_px: int, values: int, offset: float = 0.0
) -> Path:
    """Writes an ONNX network that answers the first `values` means over cells of [N, 3, side, side], all
    `offset` larger."""
    ends = [numpy_helper.from_array(np.array([n], np.int64), k) for k, n in (("start", 0), ("end", values))]
    ends.append(numpy_helper.from_array(np.array([1], np.int64), "axis"))
    ends.append(numpy_helper.from_array(np.array(offset, np.float32), "offset"))
    strides = [cell_px, cell_px]
    nodes = [
        helper.make_node("AveragePool", [input_name], ["cells"], kernel_shape=strides, strides=strides),
        helper.make_node("Flatten", ["cells"], ["flat"]),
        helper.make_node("Slice", ["flat", "start", "end", "axis"], ["means"]),
        helper.make_node("Add", ["means", "offset"], ["vector"]),
    ]
    graph = helper.make_graph(
        nodes,
        "pooling",
        [helper.make_tensor_value_info(input_name, TensorProto.FLOAT, ["batch", 3, side_px, side_px])],
        [helper.make_tensor_value_info("vector", TensorProto.FLOAT, ["batch", values])],
        ends,
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


def store_of(root: Path, name: str, *written: Path) -> Store:
    """A weights folder that holds one network of the manifest, its files replaced by those written."""
    entry = load_manifest().entry(name)
    contents = [path.read_bytes() for path in written]
    files = tuple(
        make_file(file.name, content=content) for file, content in zip(entry.files, contents, strict=True)
    )
    tiny = replace(entry, files=files)
    store = Store(root / "weights", Manifest((tiny,)))
    store.folder(tiny).mkdir(parents=True)
    for path, content in zip(store.paths(tiny), contents, strict=True):
        path.write_bytes(content)
    return store
