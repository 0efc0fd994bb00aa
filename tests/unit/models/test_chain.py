"""Which runtimes a network is tried on, and in which order."""

from __future__ import annotations

import pytest

from models.chain import BestDevice, Runtime, RuntimeRefusal, chain_of
from models.manifest import load_manifest

TENSORRT, CUDA, ONNX_OPENVINO, OPENVINO, ONNX_CPU, LITERT, MEDIAPIPE = Runtime
CPU_INSTALL = frozenset({ONNX_OPENVINO, OPENVINO, ONNX_CPU, LITERT, MEDIAPIPE})
GPU_INSTALL = frozenset({TENSORRT, CUDA, OPENVINO, ONNX_CPU, LITERT, MEDIAPIPE})


@pytest.mark.parametrize(
    ("measured", "suffix", "installed", "best", "rungs"),
    [
        ([ONNX_CPU], ".onnx", CPU_INSTALL, BestDevice.CUDA, [ONNX_CPU, ONNX_OPENVINO, OPENVINO]),
        ([ONNX_OPENVINO], ".onnx", CPU_INSTALL, BestDevice.CPU, [ONNX_OPENVINO, OPENVINO, ONNX_CPU]),
        ([ONNX_OPENVINO], ".onnx", GPU_INSTALL, BestDevice.CPU, [OPENVINO, ONNX_CPU]),
        ([ONNX_OPENVINO], ".onnx", GPU_INSTALL, BestDevice.CUDA, [CUDA, OPENVINO, ONNX_CPU]),
        ([ONNX_CPU], ".onnx", GPU_INSTALL, BestDevice.TENSORRT, [TENSORRT, CUDA, ONNX_CPU, OPENVINO]),
        ([OPENVINO], ".xml", GPU_INSTALL, BestDevice.TENSORRT, [OPENVINO]),
        (
            [OPENVINO, LITERT, MEDIAPIPE],
            ".tflite",
            GPU_INSTALL,
            BestDevice.CUDA,
            [OPENVINO, LITERT, MEDIAPIPE],
        ),
        ([LITERT], ".tflite", CPU_INSTALL, BestDevice.CUDA, [LITERT]),
        ([ONNX_CPU], ".onnx", frozenset[Runtime](), BestDevice.CUDA, []),
        ([OPENVINO], ".tflite", CPU_INSTALL - {OPENVINO}, BestDevice.CUDA, []),
    ],
)
def test_a_gpu_comes_first_then_what_was_measured_then_the_others(
    measured: list[Runtime],
    suffix: str,
    installed: frozenset[Runtime],
    best: BestDevice,
    rungs: list[Runtime],
) -> None:
    assert list(chain_of(tuple(measured), suffix, installed, best).rungs) == rungs


def test_what_is_wanted_and_not_installed_is_named() -> None:
    made = chain_of((ONNX_OPENVINO,), ".onnx", GPU_INSTALL - {CUDA}, BestDevice.CUDA)
    assert made.refused == (
        RuntimeRefusal(CUDA, "not installed"),
        RuntimeRefusal(ONNX_OPENVINO, "not installed"),
    )
    assert chain_of((ONNX_OPENVINO,), ".onnx", CPU_INSTALL, BestDevice.CPU).refused == ()


@pytest.mark.parametrize("installed", [CPU_INSTALL, GPU_INSTALL])
def test_either_installation_has_a_runtime_for_every_network(installed: frozenset[Runtime]) -> None:
    for entry in load_manifest().entries:
        for file in entry.files if entry.runtime else ():
            suffix = "." + file.name.rpartition(".")[2]
            if entry.runtime and suffix in (".onnx", ".xml", ".tflite"):
                assert chain_of((entry.runtime, *entry.then), suffix, installed, BestDevice.CUDA).rungs, (
                    file.name
                )
