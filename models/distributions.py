"""Refuses Python distributions that silently overwrite each other's files."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable
from functools import cache

from shared.errors import ConfigError

_SHARING_ONE_FOLDER = (
    frozenset({"onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino", "onnxruntime-directml"}),
    frozenset(
        {"opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless"}
    ),
)
"""Distributions that overwrite each other's files without a warning; the last one installed wins."""


@cache
def check_distributions() -> None:
    """Raises ConfigError if two installed distributions share an import folder."""
    installed = {d.metadata["Name"].lower() for d in importlib.metadata.distributions() if d.metadata["Name"]}
    if clash := clashing(installed):
        raise ConfigError(
            f"{' and '.join(clash)} are both installed and overwrite each other's files: "
            "remove all of them, then install one again"
        )


def clashing(installed: Iterable[str]) -> tuple[str, ...]:
    """The first group of distributions in `installed` (lower-case names) that must not be installed
    together."""
    names = frozenset(installed)
    return next((tuple(sorted(group & names)) for group in _SHARING_ONE_FOLDER if len(group & names) > 1), ())
