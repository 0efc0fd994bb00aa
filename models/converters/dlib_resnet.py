"""dlib's face recognition ResNet (`dlib_face_recognition_resnet_model_v1.dat`, CC0) as an ONNX network.

The stream lists the layers from the picture to the embedding, each behind a tag. Integers are one byte of
length, then that many little-endian bytes; tensors are a version, four sizes and raw little-endian float32.
The residual structure is not stored but follows from the order: a block begins at the last pool or
addition, an average pool of 2×2 starts the shortcut of a block that halves the picture, and every addition
pads the smaller side with zeros, in size and in channels (dlib's `add_prev`).
Format and architecture: dlib's public headers `dnn/layers.h`, `dnn/core.h` and its face recognition example.

Input `picture` float32 [batch, 3, 150, 150]: RGB, (x - (122.782, 117.001, 104.298)) / 256.
Output `embedding` float32 [batch, 128]; two faces are compared by Euclidean distance (same below 0.6).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.converters.graph import Graph
from shared.errors import Corrupt

SIDE_PX = 150
_TAG = re.compile(rb"\x01[\x04-\x0a](con_4|affine_|relu_|max_pool_2|avg_pool_2|add_prev_|fc_2)")
_EXPECTED = {"con_4": 29, "affine_": 29, "max_pool_2": 1, "avg_pool_2": 5, "add_prev_": 14, "fc_2": 1}
_MOST_FLOATS = 8_000_000


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: its tag, its numbers (sizes, strides, padding), its parameters."""

    tag: str
    numbers: tuple[int, ...]
    parameters: NDArray[np.float32]


def to_onnx(data: bytes) -> bytes:
    """The network as an ONNX file. Raises Corrupt if `data` is not that network."""
    try:
        layers = list(_layers(data))
    except (struct.error, IndexError, ValueError) as error:
        raise Corrupt(f"dlib's network is cut off or damaged: {error}") from error
    found = {tag: sum(layer.tag == tag for layer in layers) for tag in _EXPECTED}
    if found != _EXPECTED:
        raise Corrupt(f"this is not dlib's face recognition network: layers {found}, expected {_EXPECTED}")
    try:
        return _network(layers)
    except ValueError as error:
        raise Corrupt(f"dlib's network has parameters that do not fit: {error}") from error


def _layers(data: bytes) -> Iterator[Layer]:
    at = 0
    while match := _TAG.search(data, at):
        tag = match.group(1).decode()
        reader = _Reader(data, match.end())
        numbers: tuple[int, ...] = ()
        parameters = np.empty(0, np.float32)
        if tag == "fc_2":
            numbers, parameters = reader.integers(2), reader.tensor()
        elif tag in ("con_4", "affine_"):
            parameters = reader.tensor()
            numbers = reader.integers(7) if tag == "con_4" else ()
        elif tag in ("max_pool_2", "avg_pool_2"):
            numbers = reader.integers(6)
        yield Layer(tag, numbers, parameters)
        at = reader.at


@dataclass(slots=True)
class _Reader:
    data: bytes
    at: int

    def integers(self, count: int) -> tuple[int, ...]:
        return tuple(self._integer() for _ in range(count))

    def tensor(self) -> NDArray[np.float32]:
        _version, *sizes = self.integers(5)
        count = int(np.prod(sizes))
        if not 0 < count <= _MOST_FLOATS:
            raise ValueError(f"a tensor of {count} numbers")
        values = np.frombuffer(self.data, "<f4", count, self.at)
        self.at += 4 * count
        return values

    def _integer(self) -> int:
        length = self.data[self.at]
        if not 1 <= length <= 8:
            raise ValueError(f"an integer of {length} bytes")
        value = int.from_bytes(self.data[self.at + 1 : self.at + 1 + length], "little")
        self.at += 1 + length
        return value


@dataclass(frozen=True, slots=True)
class _Value:
    """A result inside the network with the size it has."""

    name: str
    channels: int
    side_px: int


def _network(layers: list[Layer]) -> bytes:
    graph = Graph("dlib-face-recognition-resnet")
    now = block = shortcut = _Value("picture", 3, SIDE_PX)
    before = ""
    for layer, following in zip(layers, [*layers[1:], layers[-1]], strict=True):
        match layer.tag:
            case "con_4":
                now = _convolution(graph, now, layer, following)
            case "relu_":
                now = _Value(graph.add("Relu", [now.name]), now.channels, now.side_px)
                if before == "add_prev_":
                    block = shortcut = now
            case "max_pool_2":
                now = block = shortcut = _pool(graph, "MaxPool", now, layer)
            case "avg_pool_2" if layer.numbers[0] == 0:
                now = _Value(graph.add("GlobalAveragePool", [now.name]), now.channels, 1)
            case "avg_pool_2":
                shortcut = _pool(graph, "AveragePool", block, layer)
            case "add_prev_":
                now = _sum(graph, now, shortcut)
            case "fc_2":
                return _embedding(graph, now, layer)
        before = layer.tag
    raise Corrupt("dlib's network does not end in its embedding")


def _convolution(graph: Graph, source: _Value, layer: Layer, scale: Layer) -> _Value:
    """A convolution with the per-channel scale that follows it folded in."""
    filters, rows, columns, stride, _, padding, _ = layer.numbers
    if scale.tag != "affine_" or scale.parameters.size != 2 * filters:
        raise Corrupt("a convolution of dlib's network is not followed by its scale")
    weights = layer.parameters[:-filters].reshape(filters, source.channels, rows, columns)
    gamma, beta = scale.parameters[:filters], scale.parameters[filters:]
    bias = layer.parameters[-filters:] * gamma + beta
    inputs = [source.name, graph.constant(weights * gamma[:, None, None, None]), graph.constant(bias)]
    name = graph.add("Conv", inputs, strides=[stride, stride], pads=[padding] * 4)
    return _Value(name, filters, (source.side_px + 2 * padding - rows) // stride + 1)


def _pool(graph: Graph, operator: str, source: _Value, layer: Layer) -> _Value:
    rows, columns, stride, _, padding, _ = layer.numbers
    name = graph.add(
        operator, [source.name], kernel_shape=[rows, columns], strides=[stride, stride], pads=[padding] * 4
    )
    return _Value(name, source.channels, (source.side_px + 2 * padding - rows) // stride + 1)


def _sum(graph: Graph, one: _Value, other: _Value) -> _Value:
    channels, side_px = max(one.channels, other.channels), max(one.side_px, other.side_px)
    padded = [_padded(graph, value, channels, side_px) for value in (one, other)]
    return _Value(graph.add("Add", padded), channels, side_px)


def _padded(graph: Graph, value: _Value, channels: int, side_px: int) -> str:
    more, wider = channels - value.channels, side_px - value.side_px
    if not more and not wider:
        return value.name
    pads = graph.constant(np.array([0, 0, 0, 0, 0, more, wider, wider], np.int64))
    return graph.add("Pad", [value.name, pads])


def _embedding(graph: Graph, source: _Value, layer: Layer) -> bytes:
    outputs, inputs = layer.numbers
    flat = graph.add("Flatten", [source.name])
    weights = graph.constant(layer.parameters.reshape(inputs, outputs))
    graph.add("MatMul", [flat, weights], output="embedding")
    return graph.write({"picture": ["batch", 3, SIDE_PX, SIDE_PX]}, {"embedding": ["batch", outputs]})
