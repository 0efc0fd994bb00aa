"""Opens MediaPipe's own networks in MediaPipe Tasks: the last runtime tried, because it is the slowest.

Tasks has no call that takes and gives arrays. Its image embedder puts a picture into any network and gives
all outputs unchanged, if the file describes how a picture becomes the input. These files do not, so the
description is added to a copy in memory. The outputs differ from OpenVINO's by less than 0.001 of the largest
value.

MediaPipe decides how many threads it uses.
"""

from __future__ import annotations

import queue
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.backend import Arrays, Backend, Port, failure, imported
from shared.errors import Corrupt

DEVICE = "cpu-mediapipe"
_LEVELS = 255.0

Span = tuple[float, float]
"""What a picture's levels 0 and 255 are for a network."""


@dataclass(frozen=True, slots=True)
class _Described:
    """A file with the description of its input, and its ports."""

    content: bytes
    input: Port
    outputs: tuple[tuple[str, tuple[int, ...]], ...]


def open_mediapipe(path: Path, span: Span, streams: int) -> Backend:
    """The network in `path`, whose only input is a picture; `streams` calls run side by side.

    Raises ConfigError (MediaPipe is not installed) and Corrupt (it cannot read the file).
    """
    embedder_of, image_of = _tasks()
    idle: queue.SimpleQueue[Any] = queue.SimpleQueue()
    try:
        described = _describe(path.read_bytes(), span)
        for _ in range(streams):
            idle.put(embedder_of(described.content))
    except Exception as error:  # a damaged file raises whatever its bytes lead to
        raise Corrupt(f"{path} is not a network MediaPipe can read: {error}") from error
    port, outputs = described.input, described.outputs

    def call(arrays: Arrays) -> dict[str, NDArray[Any]]:
        embedder = idle.get()
        try:
            found = embedder.embed(image_of(_picture(arrays[port.name], port, span))).embeddings
            values = {each.head_name: each.embedding.astype(np.float32) for each in found}
            return {name: values[name].reshape(shape) for name, shape in outputs}
        except (ValueError, RuntimeError) as error:
            raise failure(path.name, DEVICE, error) from error
        finally:
            idle.put(embedder)

    return Backend(DEVICE, (port,), tuple(name for name, _ in outputs), call)


def _tasks() -> tuple[Callable[[bytes], Any], Callable[[NDArray[np.uint8]], Any]]:
    """Makers of an embedder from a file's content, and of its picture."""
    mediapipe, tasks = imported("mediapipe"), imported("mediapipe.tasks.python")

    def embedder(content: bytes) -> Any:
        options = tasks.vision.ImageEmbedderOptions(
            base_options=tasks.BaseOptions(model_asset_buffer=content), l2_normalize=False, quantize=False
        )
        opened = tasks.vision.ImageEmbedder.create_from_options(options)
        # Its __del__ closes it, which fails when the interpreter is ending. A network is used until then.
        opened.close = _nothing
        return opened

    def image(pixels: NDArray[np.uint8]) -> Any:
        return mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=pixels)

    return embedder, image


def _nothing() -> None:
    """Does nothing, where there is nothing to close."""


def _picture(values: NDArray[Any], port: Port, span: Span) -> NDArray[np.uint8]:
    """The picture that was made into this input. Another size is refused: MediaPipe would stretch it."""
    if values.shape != tuple(side or 1 for side in port.shape):
        raise ValueError(f"the input {port.name} is {values.shape}, not {port.shape}")
    low, high = span
    levels = np.rint((values[0] - low) * (_LEVELS / (high - low)))
    return np.ascontiguousarray(np.clip(levels, 0, _LEVELS).astype(np.uint8))


def _describe(content: bytes, span: Span) -> _Described:
    """Add the description of the input to a network's file."""
    tflite, flatbuffers = imported("mediapipe.tasks.metadata.schema_py_generated"), imported("flatbuffers")
    model = tflite.ModelT.InitFromObj(tflite.Model.GetRootAs(bytearray(content)))
    graph = model.subgraphs[0]
    (taken,) = (graph.tensors[index] for index in graph.inputs)
    given = [graph.tensors[index] for index in graph.outputs]
    outputs = tuple((each.name.decode(), tuple(int(side) for side in each.shape)) for each in given)
    buffer, entry = tflite.BufferT(), tflite.MetadataT()
    buffer.data = np.frombuffer(_description([name for name, _ in outputs], span), np.uint8)
    entry.name, entry.buffer = "TFLITE_METADATA", len(model.buffers)
    model.buffers.append(buffer)
    model.metadata = [entry]
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    sides = taken.shape if taken.shapeSignature is None else taken.shapeSignature
    shape = tuple(int(side) if side >= 0 else None for side in sides)
    return _Described(bytes(builder.Output()), Port(taken.name.decode(), shape, np.dtype("float32")), outputs)


def _description(outputs: list[str], span: Span) -> bytes:
    """What MediaPipe must know: the input is (level - mean) / std of an RGB picture; the outputs' names."""
    schema, flatbuffers = (
        imported("mediapipe.tasks.metadata.metadata_schema_py_generated"),
        imported("flatbuffers"),
    )
    low, high = span
    scale, unit = schema.NormalizationOptionsT(), schema.ProcessUnitT()
    scale.std = [_LEVELS / (high - low)]
    scale.mean = [-low * scale.std[0]]
    unit.optionsType, unit.options = schema.ProcessUnitOptions.NormalizationOptions, scale
    picture, content = schema.ImagePropertiesT(), schema.ContentT()
    picture.colorSpace = schema.ColorSpaceType.RGB
    content.contentPropertiesType, content.contentProperties = (
        schema.ContentProperties.ImageProperties,
        picture,
    )
    taken, graph, model = schema.TensorMetadataT(), schema.SubGraphMetadataT(), schema.ModelMetadataT()
    taken.content, taken.processUnits = content, [unit]
    graph.inputTensorMetadata, graph.outputTensorMetadata = [taken], []
    for name in outputs:
        given = schema.TensorMetadataT()
        given.name = name
        graph.outputTensorMetadata.append(given)
    model.subgraphMetadata = [graph]
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"M001")
    return bytes(builder.Output())
