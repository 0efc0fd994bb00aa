"""Reads the cards of the networks, which `make docs` makes from the manifest."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def cards() -> tuple[dict[str, Any], ...]:
    """One card per network, best first within a task."""
    return tuple(json.loads(files("coordinator.openness").joinpath("networks.json").read_text("utf-8")))
