"""What every inference runtime provides to `models.runtime`: a call, and its inputs and outputs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from shared.errors import ConfigError, Unavailable

Arrays = Mapping[str, NDArray[Any]]


_LOST: Final = (
    "cuda failure",
    "cuda error",
    "cudnn failure",
    "cublas failure",
    "cudnn_status_",
    "cublas_status_",
    "nvinfer",
    "device lost",
    "out of memory",
    "failed to allocate memory",
    "bad allocation",
    "bad_alloc",
)
"""What runtimes say, in small letters, when not the input was wrong but the device or its memory failed."""


class DeviceLost(Unavailable):
    """The device failed or has no memory left. The network must be opened again, here or elsewhere."""


@dataclass(frozen=True, slots=True)
class Port:
    """One input or output of a network; a free dimension is None."""

    name: str
    shape: tuple[int | None, ...]
    dtype: np.dtype[Any]


@dataclass(frozen=True, slots=True)
class Backend:
    """One opened network. `call` may be used from any thread and returns new arrays."""

    device: str
    inputs: tuple[Port, ...]
    outputs: tuple[str, ...]
    call: Callable[[Arrays], dict[str, NDArray[Any]]]


def without(backend: Backend, unread: Collection[str]) -> Backend:
    """The same network, whose answers leave some outputs out."""
    outputs = tuple(name for name in backend.outputs if name not in unread)
    if outputs == backend.outputs:
        return backend

    def call(inputs: Arrays) -> dict[str, NDArray[Any]]:
        answer = backend.call(inputs)
        return {name: answer[name] for name in outputs}

    return replace(backend, outputs=outputs, call=call)


def failure(name: str, device: str, error: Exception) -> Unavailable:
    """The error of a call that a runtime refused with `error`."""
    text = f"{name} failed on {device}: {error}"
    lost = any(words in text.lower() for words in _LOST)
    return DeviceLost(text) if lost else Unavailable(text)


def imported(name: str) -> Any:
    """Import a runtime's package. Raises ConfigError that names the missing extra.

    Imported on use, because the first import costs 0.2 s.
    """
    try:
        return __import__(name, fromlist=["*"])
    except ImportError as error:
        raise ConfigError(
            f"{name} is not installed: install proctor[edge,cpu] or proctor[edge,gpu]"
        ) from error
