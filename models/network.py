"""What a network module needs of the runtime, and nothing more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from numpy.typing import NDArray


class Network(Protocol):
    """A compiled network. `models.runtime.Network` is one; safe to call from several threads."""

    @property
    def device(self) -> str: ...

    def run(self, inputs: Mapping[str, NDArray[Any]], /) -> dict[str, NDArray[Any]]: ...
