"""Python distributions that must not stand together: they install over one another's files without a word."""

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
"""Distributions that install over one another's files; the last one installed wins without a word."""


@cache
def check_distributions() -> None:
    """Raises ConfigError when two installed distributions share one import folder."""
    installed = {d.metadata["Name"].lower() for d in importlib.metadata.distributions() if d.metadata["Name"]}
    if clash := clashing(installed):
        raise ConfigError(
            f"{' and '.join(clash)} are both installed and overwrite one another's files: "
            "remove all of them, then install one again"
        )


def clashing(installed: Iterable[str]) -> tuple[str, ...]:
    """The first group of distributions in `installed` (lower-case names) that may not stand together."""
    names = frozenset(installed)
    return next((tuple(sorted(group & names)) for group in _SHARING_ONE_FOLDER if len(group & names) > 1), ())
