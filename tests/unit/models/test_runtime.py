"""What the runtimes' modules decide without opening anything."""

import pytest

from models.distributions import clashing
from models.openvino_request import openvino_settings


@pytest.mark.parametrize(
    ("installed", "clash"),
    [
        ({"numpy", "onnxruntime-openvino", "openvino", "opencv-contrib-python"}, ()),
        ({"onnxruntime", "onnxruntime-openvino"}, ("onnxruntime", "onnxruntime-openvino")),
        ({"opencv-python-headless", "opencv-python"}, ("opencv-python", "opencv-python-headless")),
        (set(), ()),
    ],
)
def test_distributions_that_overwrite_one_another_are_named(
    installed: set[str], clash: tuple[str, ...]
) -> None:
    assert clashing(installed) == clash


def test_openvino_runs_one_thread_per_stream_in_float32() -> None:
    settings = openvino_settings(3)
    assert settings["INFERENCE_NUM_THREADS"] == settings["NUM_STREAMS"] == "3"
    assert settings["INFERENCE_PRECISION_HINT"] == "f32"
    assert settings["ENABLE_CPU_PINNING"] == "NO"
