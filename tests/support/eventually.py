"""Waiting for something that another task or program brings about."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

PATIENCE_S = 30.0


async def until(holds: Callable[[], object], what: str) -> None:
    """Return as soon as `holds()`; fail the test, saying what did not happen, when it never does."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    while not holds():
        if asyncio.get_running_loop().time() > deadline:
            pytest.fail(f"did not happen in {PATIENCE_S:g} s: {what}")
        await asyncio.sleep(0.02)
