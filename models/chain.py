"""Decides in which order a network's runtimes are tried. Pure.

A GPU comes first if the settings want one and the installation has it, then the runtime that was measured to
be the fastest for this network on processors, then the others that read its format. A network that one of
them cannot take is served by the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Runtime(StrEnum):
    """A runtime on a device, in the order of the chain. The manifest names only those on the processor: the
    fastest one by measurement, per network."""

    ONNX_TENSORRT = "onnx-tensorrt"
    ONNX_CUDA = "onnx-cuda"
    ONNX_OPENVINO = "onnx-openvino"
    OPENVINO = "openvino"
    ONNX_CPU = "onnx-cpu"
    LITERT = "litert"
    MEDIAPIPE = "mediapipe"


class BestDevice(StrEnum):
    """The best device that networks may use."""

    TENSORRT = "tensorrt"
    CUDA = "cuda"
    CPU = "cpu"


ON_GPU: Final = frozenset({Runtime.ONNX_TENSORRT, Runtime.ONNX_CUDA})

_READS: Final[Mapping[str, frozenset[Runtime]]] = MappingProxyType(
    {
        ".onnx": frozenset(Runtime) - {Runtime.LITERT, Runtime.MEDIAPIPE},
        ".xml": frozenset[Runtime](),
        ".tflite": frozenset[Runtime](),
    }
)
"""The runtimes that read a format and compute the same, by the end of the file's name. For .tflite the
manifest says which, because OpenVINO computes something else for some of them."""
_WANTED: Final[Mapping[BestDevice, frozenset[Runtime]]] = MappingProxyType(
    {
        BestDevice.TENSORRT: frozenset(Runtime),
        BestDevice.CUDA: frozenset(Runtime) - {Runtime.ONNX_TENSORRT},
        BestDevice.CPU: frozenset(Runtime) - ON_GPU,
    }
)


@dataclass(frozen=True, slots=True)
class RuntimeRefusal:
    """Why a network is not served by one runtime."""

    runtime: Runtime
    reason: str


@dataclass(frozen=True, slots=True)
class Chain:
    """The runtimes to try, best first, and those left out."""

    rungs: tuple[Runtime, ...]
    refused: tuple[RuntimeRefusal, ...] = ()


NOTHING_ELSE: Final = Chain(())


def chain_of(
    measured: tuple[Runtime, ...], suffix: str, installed: frozenset[Runtime], best: BestDevice
) -> Chain:
    """The chain of one network. `measured`: its runtimes on processors, the fastest first; `suffix`: of its
    file's name.

    Runtimes that cannot read the file or are not wanted are left out without a word, because nobody expects
    them.
    """
    possible = _READS.get(suffix, frozenset()) & _WANTED[best]
    on_gpu = [runtime for runtime in Runtime if runtime in possible & ON_GPU]
    others = [runtime for runtime in Runtime if runtime in possible - ON_GPU - set(measured)]
    ordered = [*on_gpu, *measured, *others]
    return Chain(
        tuple(runtime for runtime in ordered if runtime in installed),
        tuple(RuntimeRefusal(runtime, "not installed") for runtime in ordered if runtime not in installed),
    )
