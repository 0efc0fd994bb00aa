"""Tiny networks written for a test, with known answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save


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
