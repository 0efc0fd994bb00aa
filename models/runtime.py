"""Builds and runs compiled networks; only this module, `litert` and `mediapipe_tasks` use inference runtimes.

`open_network` verifies what a runtime reports. ONNX Runtime falls back to the plain processor silently (or
with a log line), so the device is read back after loading, ONNX Runtime must fail rather than place a node on
the processor, and a canary (zeros as input) must give a finite result in time before the network is used.
Later outputs are checked as well: NaN is below every threshold and would look like "no face", "a stranger" or
"silence".

Threads: one per call, no spinning, not pinned to a core; parallelism comes from several callers at once
(`streams` of them for OpenVINO and LiteRT, any number for ONNX Runtime), and all release the GIL meanwhile.
Precision: always float32. OpenVINO would choose bfloat16 if the processor has it, but thresholds on
embeddings are calibrated in float32.
"""

from __future__ import annotations

import json
import queue
import time
import warnings
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.backend import Arrays, Backend, Port, imported
from models.distributions import check_distributions
from models.litert import open_litert
from models.manifest import Runtime
from models.mediapipe_tasks import open_mediapipe
from shared.errors import ConfigError, Corrupt, ProctorError, Unavailable

CANARY_LIMIT_S = 5.0
"""The time limit of a second call with zeros; the largest network needs 70 ms on one slow core."""

_FREE_SIDE_PX = 256
"""Canary size of a dimension that the network leaves open: a multiple of every detector stride."""

_NUMPY_TYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(double)": "float64",
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(int8)": "int8",
    "tensor(uint8)": "uint8",
    "tensor(bool)": "bool",
}


class Device(StrEnum):
    """The device requested for a network."""

    CPU = "cpu"
    CUDA = "cuda"


class Network:
    """One compiled network that has given a finite result in time. `run` may be called from any thread.

    `device` is the device the runtime reports, not the requested one: "cpu" (ONNX Runtime), "cpu-openvino",
    "cpu-litert", "cpu-mediapipe", "cuda:0", or "cuda:0+cpu" when the caller allowed nodes to stay on the
    processor.
    `canary_ms` is the time of the second canary call.
    """

    __slots__ = ("_call", "_name", "canary_ms", "device", "inputs", "outputs")

    def __init__(self, name: str, backend: Backend, canary_ms: float) -> None:
        self._name = name
        self.device = backend.device
        self.inputs = backend.inputs
        self.outputs = backend.outputs
        self.canary_ms = canary_ms
        self._call = backend.call

    def run(self, inputs: Arrays) -> dict[str, NDArray[Any]]:
        """One forward pass: arrays by input name to new arrays by output name.

        Raises Unavailable if it fails or returns NaN or infinity.
        """
        answer = self._call(inputs)
        unusable = _not_finite(answer)
        if unusable is not None:
            raise Unavailable(f"{self._name}: output {unusable} is not finite on {self.device}")
        return answer


def open_network(
    path: Path,
    *,
    runtime: Runtime | None = None,
    device: Device = Device.CPU,
    device_index: int = 0,
    allow_cpu_fallback: bool = False,
    streams: int = 1,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    span: tuple[float, float] | None = None,
) -> Network:
    """Load the network in `path` and prove that it runs.

    `runtime` defaults to ONNX Runtime's own processor kernels for .onnx and to OpenVINO for .tflite and .xml;
    networks in OpenVINO, LiteRT and MediaPipe always run on the processor, and the device says so. `streams`
    is how many calls these three run in parallel. `shapes` gives canary shapes by input name if the network
    leaves more than the batch open. `span`, which only MediaPipe needs, is what a picture's levels 0 and 255
    are for the network. Raises ConfigError (this build does not support it), Unavailable (file or device
    missing, or too slow), Corrupt (the runtime cannot read the file, or its output for zeros is not finite).
    """
    check_distributions()
    if not path.is_file():
        raise Unavailable(f"{path} is missing: run `proctorctl models fetch`")
    chosen = runtime or (Runtime.ONNX_CPU if path.suffix == ".onnx" else Runtime.OPENVINO)
    if chosen is Runtime.MEDIAPIPE:
        if span is None:
            raise ConfigError(f"MediaPipe needs the span of the input of {path.name}")
        backend = open_mediapipe(path, span, streams)
    elif chosen is Runtime.LITERT:
        backend = open_litert(path, streams)
    elif device is Device.CUDA and chosen is not Runtime.OPENVINO:
        backend = _cuda(path, device_index, allow_cpu_fallback)
    elif chosen is Runtime.OPENVINO:
        backend = _openvino(path, streams)
    else:
        backend = _onnx(path, chosen, streams)
    return Network(path.name, backend, _canary(path, backend, shapes or {}))


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


def _onnx(path: Path, runtime: Runtime, streams: int) -> Backend:
    if runtime is Runtime.ONNX_CPU:
        return _session(path, "CPUExecutionProvider", {}, device="cpu", strict=False)
    # Only `load_config`: the provider's individual options are deprecated since 1.23.
    options = {"device_type": "CPU", "load_config": json.dumps({"CPU": openvino_settings(streams)})}
    return _session(path, "OpenVINOExecutionProvider", options, device="cpu-openvino", strict=True)


def _cuda(path: Path, index: int, allow_cpu_fallback: bool) -> Backend:
    options = {
        "device_id": str(index),
        "arena_extend_strategy": "kSameAsRequested",
        "cudnn_conv_algo_search": "HEURISTIC",
        "use_tf32": "0",
    }
    device = f"cuda:{index}"
    try:
        return _session(path, "CUDAExecutionProvider", options, device=device, strict=True)
    except (ConfigError, Unavailable):
        if not allow_cpu_fallback:
            raise
    try:
        return _session(path, "CUDAExecutionProvider", options, device=f"{device}+cpu", strict=False)
    except (ConfigError, Unavailable):
        return _onnx(path, Runtime.ONNX_CPU, 1)


def _session(path: Path, provider: str, options: dict[str, str], *, device: str, strict: bool) -> Backend:
    """An ONNX Runtime session whose first provider is really `provider`; `strict` refuses any other."""
    ort = imported("onnxruntime")
    if provider not in (built_in := ort.get_available_providers()):
        raise ConfigError(f"this build of ONNX Runtime has no {provider}; it has {', '.join(built_in)}")
    if provider == "CUDAExecutionProvider":
        # Finds CUDA and cuDNN inside the nvidia wheels; without it the provider silently fails to load.
        ort.preload_dlls()
    settings = _session_settings(ort, strict)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            session = ort.InferenceSession(path, settings, providers=[(provider, options)], enable_fallback=0)
    except Exception as error:  # the runtime's exceptions share no parent but this one
        raise _refusal(path, device, error) from error
    if (used := session.get_providers()[0]) != provider:
        raise Unavailable(f"{path.name} was asked to run on {device} but ONNX Runtime chose {used}")
    return _session_backend(session, path.name, device)


def _session_settings(ort: Any, strict: bool) -> Any:
    settings = ort.SessionOptions()
    settings.intra_op_num_threads = 1
    settings.inter_op_num_threads = 1
    settings.log_severity_level = 4
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if strict:
        settings.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    return settings


def _session_backend(session: Any, name: str, device: str) -> Backend:
    outputs = tuple(port.name for port in session.get_outputs())
    names = list(outputs)

    def call(inputs: Arrays) -> dict[str, NDArray[Any]]:
        try:
            return dict(zip(outputs, session.run(names, dict(inputs)), strict=True))
        except Exception as error:
            raise Unavailable(f"{name} failed on {device}: {error}") from error

    return Backend(device, tuple(map(_session_port, session.get_inputs())), outputs, call)


def _session_port(port: Any) -> Port:
    shape = tuple(side if isinstance(side, int) else None for side in port.shape)
    return Port(port.name, shape, np.dtype(_NUMPY_TYPES[port.type]))


def _refusal(path: Path, device: str, error: Exception) -> ProctorError:
    if type(error).__name__ in {"InvalidProtobuf", "InvalidGraph", "NoSuchFile", "NoModel"}:
        return Corrupt(f"{path} is not a network that ONNX Runtime can read: {error}")
    return Unavailable(f"{path.name} cannot run wholly on {device}: {error}")


def _openvino(path: Path, streams: int) -> Backend:
    core = _openvino_core()
    try:
        model = core.read_model(path)
        compiled = core.compile_model(model, "CPU", openvino_settings(streams))
    except RuntimeError as error:
        raise Corrupt(f"{path} is not a network that OpenVINO can read: {error}") from error
    devices = compiled.get_property("EXECUTION_DEVICES")
    precision = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    if devices != ["CPU"] or precision != "f32":
        raise Unavailable(f"{path.name}: OpenVINO chose {devices} in {precision}, not the processor in f32")
    idle: queue.SimpleQueue[Any] = queue.SimpleQueue()
    for _ in range(streams):
        idle.put(compiled.create_infer_request())
    inputs = tuple(_openvino_port(port, index) for index, port in enumerate(compiled.inputs))
    outputs = tuple(_openvino_port(port, index).name for index, port in enumerate(compiled.outputs))

    def call(arrays: Arrays) -> dict[str, NDArray[Any]]:
        request = idle.get()
        try:
            ordered = [arrays[port.name] for port in inputs]
            answer = request.infer(ordered, share_inputs=True)
            return {name: answer[index] for index, name in enumerate(outputs)}
        except RuntimeError as error:
            raise Unavailable(f"{path.name} failed on cpu-openvino: {error}") from error
        finally:
            idle.put(request)

    return Backend("cpu-openvino", inputs, outputs, call)


@cache
def _openvino_core() -> Any:
    return imported("openvino").Core()


def _openvino_port(port: Any, index: int) -> Port:
    shape = tuple(int(d.get_length()) if d.is_static else None for d in port.get_partial_shape())
    names = port.get_names()
    return Port(min(names) if names else str(index), shape, np.dtype(port.get_element_type().to_dtype()))


def _canary(path: Path, backend: Backend, shapes: Mapping[str, tuple[int, ...]]) -> float:
    """Run the network twice on zeros; returns the milliseconds of the second call."""
    zeros = {
        port.name: np.zeros(shapes.get(port.name) or _closed(port.shape), port.dtype)
        for port in backend.inputs
    }
    backend.call(zeros)
    begun = time.perf_counter()
    answer = backend.call(zeros)
    elapsed_s = time.perf_counter() - begun
    unusable = _not_finite(answer)
    if unusable is not None:
        raise Corrupt(f"{path}: output {unusable} is not finite for zeros on {backend.device}")
    if elapsed_s > CANARY_LIMIT_S:
        raise Unavailable(f"{path.name} took {elapsed_s:.1f} s for one call on {backend.device}")
    return elapsed_s * 1000


def _not_finite(answer: Mapping[str, NDArray[Any]]) -> str | None:
    """The first output that contains NaN or infinity; the check takes 0.06 ms for the largest detector."""
    floats = ((name, array) for name, array in answer.items() if array.dtype.kind == "f")
    return next((name for name, array in floats if not np.isfinite(array).all()), None)


def _closed(shape: tuple[int | None, ...]) -> tuple[int, ...]:
    return tuple(d or (1 if axis == 0 else _FREE_SIDE_PX) for axis, d in enumerate(shape))
