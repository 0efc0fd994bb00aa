"""Collects nodes and constants and writes them as one ONNX network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

_OPSET = 17
_IR_VERSION = 9


@dataclass(slots=True)
class Graph:
    """A network under construction: each `add` returns the name of its result."""

    name: str
    _nodes: list[onnx.NodeProto] = field(default_factory=list)
    _constants: list[onnx.TensorProto] = field(default_factory=list)

    def constant(self, values: NDArray[Any]) -> str:
        """Keep an array in the file."""
        name = f"c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def add(
        self, operator: str, inputs: Sequence[str], *, output: str | None = None, **attributes: Any
    ) -> str:
        """Add one operator and return its only used output."""
        name = output or f"n{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def add_lstm(self, inputs: Sequence[str], **attributes: Any) -> tuple[str, str]:
        """Add an LSTM; returns the names of all its steps and of its last hidden state."""
        steps, last = f"n{len(self._nodes)}", f"n{len(self._nodes)}last"
        self._nodes.append(helper.make_node("LSTM", list(inputs), [steps, last], **attributes))
        return steps, last

    def write(self, inputs: dict[str, list[int | str]], outputs: dict[str, list[int | str]]) -> bytes:
        """The file: float32 inputs and outputs by name, with a word for a free dimension."""
        made = helper.make_graph(
            self._nodes,
            self.name,
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, shape) for n, shape in inputs.items()],
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, shape) for n, shape in outputs.items()],
            self._constants,
        )
        opset = [helper.make_opsetid("", _OPSET)]
        model = helper.make_model(made, opset_imports=opset, ir_version=_IR_VERSION, producer_name="proctor")
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString())
