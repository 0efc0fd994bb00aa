"""The GE2E speaker encoder of Resemblyzer (Apache-2.0, `pretrained.pt`) as an ONNX network.

Three LSTM layers 40 → 256, the last hidden state through a linear layer and ReLU, scaled to length one
(Wan et al. 2018, "Generalized End-to-End Loss for Speaker Verification"; layer names as in the saved state).
PyTorch stacks an LSTM's gates input, forget, cell, output; ONNX wants input, output, forget, cell.

Input `mel` float32 [batch, frames, 40]: power mel spectrum, frames of 25 ms every 10 ms (160 frames = 1.6 s).
Output `embedding` float32 [batch, 256], length one; two voices are compared by cosine.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.converters.graph import Graph
from models.converters.torch_stream import read_tensors
from shared.errors import Corrupt

BANDS, HIDDEN, LAYERS = 40, 256, 3
_SMALLEST_LENGTH = 1e-12

Parameters = dict[str, NDArray[np.float32]]


def to_onnx(data: bytes) -> bytes:
    """The network as an ONNX file. Raises Corrupt if `data` is not that state."""
    parameters = read_tensors(data, "model_state")
    try:
        return _network(parameters)
    except (KeyError, ValueError) as error:
        raise Corrupt(f"this is not the GE2E speaker encoder: {error}") from error


def _network(parameters: Parameters) -> bytes:
    graph = Graph("ge2e-speaker-encoder")
    # ONNX Runtime runs LSTM only with time first.
    now = graph.add("Transpose", ["mel"], perm=[1, 0, 2])
    axis = graph.constant(np.array([1], np.int64))
    for layer in range(LAYERS):
        steps, last = graph.add_lstm([now, *_gates(graph, parameters, layer)], hidden_size=HIDDEN)
        now = graph.add("Squeeze", [steps, axis])
    hidden = graph.add("Squeeze", [last, graph.constant(np.array([0], np.int64))])
    weights = graph.constant(parameters["linear.weight"].reshape(HIDDEN, HIDDEN))
    linear = graph.add("Gemm", [hidden, weights, graph.constant(parameters["linear.bias"])], transB=1)
    positive = graph.add("Relu", [linear])
    length = graph.add("ReduceL2", [positive], axes=[1], keepdims=1)
    # Without this lower bound an all-zero vector would become NaN.
    floor = graph.constant(np.array([_SMALLEST_LENGTH], np.float32))
    graph.add("Div", [positive, graph.add("Max", [length, floor])], output="embedding")
    return graph.write({"mel": ["batch", "frames", BANDS]}, {"embedding": ["batch", HIDDEN]})


def _gates(graph: Graph, parameters: Parameters, layer: int) -> list[str]:
    """Names of one layer's weights, recurrent weights and biases in ONNX's order and shape."""
    inputs = BANDS if layer == 0 else HIDDEN
    weights = _reordered(parameters[f"lstm.weight_ih_l{layer}"].reshape(4 * HIDDEN, inputs))
    recurrent = _reordered(parameters[f"lstm.weight_hh_l{layer}"].reshape(4 * HIDDEN, HIDDEN))
    biases = [_reordered(parameters[f"lstm.bias_{side}_l{layer}"]) for side in ("ih", "hh")]
    return [graph.constant(values[None]) for values in (weights, recurrent, np.concatenate(biases))]


def _reordered(values: NDArray[np.float32]) -> NDArray[np.float32]:
    enter, forget, cell, leave = np.split(values, 4)
    return np.concatenate([enter, leave, forget, cell])
