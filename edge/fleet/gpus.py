"""Reads the load of this host's NVIDIA GPUs through the driver's own library, NVML.

Without a GPU, or if the driver does not answer, there is no value. That is not the same as 0 %.
"""

from __future__ import annotations

import ctypes
import logging
from typing import Any

log = logging.getLogger(__name__)


class _Utilization(ctypes.Structure):
    _fields_ = (("gpu", ctypes.c_uint), ("memory", ctypes.c_uint))


def open_nvml() -> Any | None:
    """The driver's library, initialised; None if there is no library or no GPU."""
    try:
        nvml = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return None
    status = nvml.nvmlInit_v2()
    if status:
        log.warning("the GPU driver does not start; the GPU load is unknown", extra={"status": status})
        return None
    return nvml


def gpu_percent(nvml: Any | None) -> dict[str, float]:
    """The load of each GPU by its number. GPUs that do not answer are left out. Takes milliseconds."""
    count = ctypes.c_uint()
    if nvml is None or nvml.nvmlDeviceGetCount_v2(ctypes.byref(count)):
        return {}
    loads = ((number, _load(nvml, number)) for number in range(count.value))
    return {str(number): load for number, load in loads if load is not None}


def _load(nvml: Any, number: int) -> float | None:
    device, load = ctypes.c_void_p(), _Utilization()
    if nvml.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(number), ctypes.byref(device)):
        return None
    return None if nvml.nvmlDeviceGetUtilizationRates(device, ctypes.byref(load)) else float(load.gpu)
