"""The load of GPUs, read from a stand-in for the driver's library."""

from __future__ import annotations

import ctypes
from typing import Any

from edge.fleet.gpus import gpu_percent

FAILS = 15


class Driver:
    """Answers as NVML does: 0 means success, values come back through pointers."""

    def __init__(self, *loads: int | None) -> None:
        self.loads = loads

    def nvmlDeviceGetCount_v2(self, count: Any) -> int:
        count._obj.value = len(self.loads)
        return 0

    def nvmlDeviceGetHandleByIndex_v2(self, number: ctypes.c_uint, device: Any) -> int:
        device._obj.value = number.value + 1
        return 0

    def nvmlDeviceGetUtilizationRates(self, device: ctypes.c_void_p, load: Any) -> int:
        assert device.value
        percent = self.loads[device.value - 1]
        if percent is None:
            return FAILS
        load._obj.gpu = percent
        return 0


def test_each_gpu_that_answers_is_told() -> None:
    assert gpu_percent(Driver(37, None, 0)) == {"0": 37.0, "2": 0.0}


def test_without_a_gpu_there_is_no_figure() -> None:
    assert gpu_percent(None) == {}
    assert gpu_percent(Driver()) == {}


def test_a_driver_that_fails_gives_no_figure() -> None:
    class Broken(Driver):
        def nvmlDeviceGetCount_v2(self, count: Any) -> int:
            return FAILS

    assert gpu_percent(Broken(5)) == {}
