"""Waiting for what a real counterpart does in its own time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


async def until(true: Callable[[], bool], what: str, *, timeout_s: float = 15.0) -> None:
    """Return as soon as it is true; fail naming what did not happen."""
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, f"not within {timeout_s:g} s: {what}"
        await asyncio.sleep(0.02)
