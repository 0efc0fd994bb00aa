"""Waiting for something that another task or program brings about, and ending what a test has begun."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest

PATIENCE_S = 90.0
"""Long, for machines that do much else; it is only waited out where a test fails."""
CANCEL_AGAIN_S: Final = 0.5


async def until(holds: Callable[[], object | Awaitable[object]], what: str) -> None:
    """Return as soon as `holds()`; fail the test, saying what did not happen, when it never does."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    while not await _said(holds):
        if asyncio.get_running_loop().time() > deadline:
            pytest.fail(f"did not happen in {PATIENCE_S:g} s: {what}")
        await asyncio.sleep(0.02)


async def cancelled(*tasks: asyncio.Task[Any]) -> None:
    """Cancel these tasks and wait for their end."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        # A library that swallows a cancellation in one place is asked again in the next.
        _, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_S)


async def _said(holds: Callable[[], object | Awaitable[object]]) -> object:
    said = holds()
    return await said if inspect.isawaitable(said) else said
