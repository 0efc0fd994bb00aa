"""The manifest of networks."""

from __future__ import annotations

from enum import StrEnum


class Runtime(StrEnum):
    """Which runtime opens a file: the cheaper one by measurement, per network."""

    ONNX_CPU = "onnx-cpu"
    ONNX_OPENVINO = "onnx-openvino"
    OPENVINO = "openvino"
