"""The interface of the runtime that a network module uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from numpy.typing import NDArray


class Network(Protocol):
    """A compiled network. `models.runtime.Network` is one; safe to call from several threads."""

    @property
    def device(self) -> str: ...

    def run(self, inputs: Mapping[str, NDArray[Any]], /) -> dict[str, NDArray[Any]]: ...
