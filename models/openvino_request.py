"""Opens networks in OpenVINO's own runtime, which reads ONNX, TensorFlow Lite and its own format.

Compiling is most of the work of opening, so the result is kept beside the weights (`models.compiled`).

OpenVINO would compute in bfloat16 where the processor can, but thresholds on embeddings are calibrated in
float32, so the precision is set and read back. It would also report its use to its makers; it does not.
"""

from __future__ import annotations

import queue
import sys
from collections.abc import Collection
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.backend import Arrays, Backend, Port, failure, imported
from models.compiled import Compiled, keep_compiled, kept_path, read_compiled
from shared.errors import Corrupt, Unavailable

DEVICE = "cpu-openvino"
_PROCESSOR: Final = ("FULL_DEVICE_NAME", "OPTIMIZATION_CAPABILITIES")
"""Properties of the processor on which a compiled network depends."""


def open_openvino(path: Path, streams: int, unread: Collection[str] = ()) -> Backend:
    """The network in `path`; `streams` calls run side by side. The outputs in `unread` are not computed.

    Raises ConfigError (OpenVINO is not installed), Corrupt (it cannot read the file) and Unavailable (it
    chose another device or precision).
    """
    core = _openvino_core()
    try:
        model = _without(core.read_model(path), unread)
        compiled = core.compile_model(model, "CPU", openvino_settings(streams))
    except RuntimeError as error:
        raise Corrupt(f"{path} is not a network that OpenVINO can read: {error}") from error
    # The compiled network merges names; those of the file are what callers know.
    outputs = tuple(_openvino_port(port, index).name for index, port in enumerate(model.outputs))
    backend = _backend(path, compiled, outputs, streams)
    with suppress(OSError, RuntimeError):
        kept = Compiled(outputs, compiled.export_model().getvalue())
        keep_compiled(_kept_path(path, streams, unread), kept)
    return backend


def open_kept(path: Path, streams: int, unread: Collection[str] = ()) -> Backend | None:
    """The network in `path` as it was compiled before, in a tenth of the time; None: it has to be compiled.

    Raises ConfigError and Unavailable as `open_openvino` does.
    """
    core = _openvino_core()
    try:
        kept = read_compiled(_kept_path(path, streams, unread))
        if kept is None:
            return None
        compiled = core.import_model(kept.network, "CPU", openvino_settings(streams))
    except (OSError, RuntimeError):
        return None
    if len(kept.outputs) != len(compiled.outputs):
        return None
    return _backend(path, compiled, kept.outputs, streams)


def _without(model: Any, unread: Collection[str]) -> Any:
    """The network without these outputs, and without what only they need: it goes when it is compiled."""
    results = zip(model.get_results(), model.outputs, strict=True)
    wanted = [result for result, port in results if not port.get_names() & set(unread)]
    return _openvino().Model(wanted, model.get_parameters(), model.get_name()) if unread else model


def _kept_path(path: Path, streams: int, unread: Collection[str]) -> Path:
    processor = [str(_openvino_core().get_property("CPU", name)) for name in _PROCESSOR]
    version = str(_openvino().get_version())
    settings = map("=".join, openvino_settings(streams).items())
    return kept_path(path, [version, *processor, *settings, *unread])


def _backend(path: Path, compiled: Any, outputs: tuple[str, ...], streams: int) -> Backend:
    devices = compiled.get_property("EXECUTION_DEVICES")
    precision = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    if devices != ["CPU"] or precision != "f32":
        raise Unavailable(f"{path.name}: OpenVINO chose {devices} in {precision}, not the processor in f32")
    idle: queue.SimpleQueue[Any] = queue.SimpleQueue()
    for _ in range(streams):
        idle.put(compiled.create_infer_request())
    inputs = tuple(_openvino_port(port, index) for index, port in enumerate(compiled.inputs))

    def call(arrays: Arrays) -> dict[str, NDArray[Any]]:
        request = idle.get()
        try:
            ordered = [arrays[port.name] for port in inputs]
            answer = request.infer(ordered, share_inputs=True)
            return {name: answer[index] for index, name in enumerate(outputs)}
        except RuntimeError as error:
            raise failure(path.name, DEVICE, error) from error
        finally:
            idle.put(request)

    return Backend(DEVICE, inputs, outputs, call)


@cache
def _openvino_core() -> Any:
    return _openvino().Core()


def _openvino() -> Any:
    # Each import would tell Google Analytics, from a fork of this process that is ended by SIGTERM after
    # three seconds. Without this package OpenVINO uses an empty one of its own instead.
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    return imported("openvino")


def _openvino_port(port: Any, index: int) -> Port:
    shape = tuple(int(d.get_length()) if d.is_static else None for d in port.get_partial_shape())
    names = port.get_names()
    return Port(min(names) if names else str(index), shape, np.dtype(port.get_element_type().to_dtype()))


def openvino_settings(streams: int) -> dict[str, str]:
    """OpenVINO's CPU settings, the same for its own runtime and for ONNX Runtime's provider.

    One thread per stream. Pinning is off because every compiled network of every process would be pinned to
    the same first cores.
    """
    return {
        "INFERENCE_NUM_THREADS": str(streams),
        "NUM_STREAMS": str(streams),
        "INFERENCE_PRECISION_HINT": "f32",
        "PERFORMANCE_HINT": "LATENCY",
        "ENABLE_CPU_PINNING": "NO",
    }
