"""Opens networks in ONNX Runtime, on the processor, in OpenVINO or on a GPU.

ONNX Runtime falls back to the plain processor silently (or with a log line), so the provider is read back
after loading, and on other devices it must fail rather than place a node on the processor.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.backend import Arrays, Backend, Port, failure, imported
from models.chain import ON_GPU, Runtime
from models.openvino_request import openvino_settings
from shared.errors import ConfigError, Corrupt, ProctorError, Unavailable

PROVIDERS: Final[Mapping[Runtime, str]] = MappingProxyType(
    {
        Runtime.ONNX_TENSORRT: "TensorrtExecutionProvider",
        Runtime.ONNX_CUDA: "CUDAExecutionProvider",
        Runtime.ONNX_OPENVINO: "OpenVINOExecutionProvider",
        Runtime.ONNX_CPU: "CPUExecutionProvider",
    }
)
_DEVICES: Final[Mapping[Runtime, str]] = MappingProxyType(
    {
        Runtime.ONNX_TENSORRT: "tensorrt:0",
        Runtime.ONNX_CUDA: "cuda:0",
        Runtime.ONNX_OPENVINO: "cpu-openvino",
        Runtime.ONNX_CPU: "cpu",
    }
)

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


def built_in_runtimes() -> frozenset[Runtime]:
    """The runtimes of the installed build of ONNX Runtime; none if it is not installed."""
    try:
        providers = imported("onnxruntime").get_available_providers()
    except ConfigError:
        return frozenset()
    return frozenset(runtime for runtime, provider in PROVIDERS.items() if provider in providers)


def open_onnx(path: Path, runtime: Runtime, streams: int) -> Backend:
    """The network in `path`, wholly on the provider of `runtime`.

    Raises ConfigError (this build has no such provider), Unavailable (it cannot run the whole network) and
    Corrupt (ONNX Runtime cannot read the file).
    """
    ort, provider, device = imported("onnxruntime"), PROVIDERS[runtime], _DEVICES[runtime]
    if provider not in (built_in := ort.get_available_providers()):
        raise ConfigError(f"this build of ONNX Runtime has no {provider}; it has {', '.join(built_in)}")
    if runtime in ON_GPU:
        # Finds CUDA and cuDNN inside the nvidia wheels; without it the provider silently fails to load.
        ort.preload_dlls()
        # Says on standard error, for every network, that a host has no GPU; the refusal says it too.
        ort.set_default_logger_severity(4)
    settings = _session_settings(ort, strict=runtime is not Runtime.ONNX_CPU)
    providers = [(provider, _options(runtime, streams))]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            session = ort.InferenceSession(path, settings, providers=providers, enable_fallback=0)
    except Exception as error:  # the runtime's exceptions share no parent but this one
        raise _refusal(path, device, error) from error
    if (used := session.get_providers()[0]) != provider:
        raise Unavailable(f"{path.name} was asked to run on {device} but ONNX Runtime chose {used}")
    return _session_backend(session, path.name, device)


def _options(runtime: Runtime, streams: int) -> dict[str, str]:
    match runtime:
        case Runtime.ONNX_OPENVINO:
            # Only `load_config`: the provider's individual options are deprecated since 1.23.
            return {"device_type": "CPU", "load_config": json.dumps({"CPU": openvino_settings(streams)})}
        case Runtime.ONNX_CUDA:
            return {
                "device_id": "0",
                "arena_extend_strategy": "kSameAsRequested",
                "cudnn_conv_algo_search": "HEURISTIC",
                "use_tf32": "0",
            }
        case Runtime.ONNX_TENSORRT:
            return {"device_id": "0"}
        case _:
            return {}


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
            raise failure(name, device, error) from error

    return Backend(device, tuple(map(_session_port, session.get_inputs())), outputs, call)


def _session_port(port: Any) -> Port:
    shape = tuple(side if isinstance(side, int) else None for side in port.shape)
    return Port(port.name, shape, np.dtype(_NUMPY_TYPES[port.type]))


def _refusal(path: Path, device: str, error: Exception) -> ProctorError:
    if type(error).__name__ in {"InvalidProtobuf", "InvalidGraph", "NoSuchFile", "NoModel"}:
        return Corrupt(f"{path} is not a network that ONNX Runtime can read: {error}")
    return Unavailable(f"{path.name} cannot run wholly on {device}: {error}")
