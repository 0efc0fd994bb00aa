"""Unit tests stay quick: what takes long to import has no business among them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import pytest

SLOW: Final = frozenset(
    {"aiortc", "fastapi", "hypothesis", "mediapipe", "nats", "onnx", "onnxruntime", "openvino", "scipy"}
    | {"sqlalchemy", "sqlmodel"}
)
"""Frameworks, clients and runtimes: a test that needs one is a component test, or a property."""
HERE: Final = Path(__file__).parent
BEFORE: Final = pytest.StashKey[frozenset[str]]()


def pytest_collection(session: pytest.Session) -> None:
    session.stash[BEFORE] = SLOW.intersection(sys.modules)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuses to run them, naming what came in; runs that mix unit tests with others are not judged."""
    if not all(HERE in item.path.parents for item in session.items):
        return
    before = session.stash[BEFORE]
    if slow := SLOW.intersection(sys.modules) - before:
        raise pytest.UsageError(f"unit tests import {', '.join(sorted(slow))}: see tests/unit/conftest.py")
