"""The candidates' process, seen from the node: started, waited for, ended."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from edge.capacity.candidates import Sending
from shared.errors import Unavailable

CONNECTS_S: Final = 30.0
"""All candidates must be connected within this time, and the time between their beginnings."""


@asynccontextmanager
async def connected(what: Sending) -> AsyncIterator[None]:
    """Candidates that stream. Raises `Unavailable` when one of them does not connect."""
    program = (sys.executable, "-m", "edge.capacity.senders")
    child = await asyncio.create_subprocess_exec(*program, stdin=PIPE, stdout=PIPE)
    assert child.stdin is not None
    try:
        child.stdin.write(what.model_dump_json().encode() + b"\n")
        await child.stdin.drain()
        async with asyncio.timeout(CONNECTS_S + len(what.candidates) * what.apart_s):
            await _until_connected(child, len(what.candidates))
        yield
    except TimeoutError as error:
        raise Unavailable("not all candidates have connected in time") from error
    finally:
        child.stdin.close()
        await child.wait()


async def _until_connected(child: Process, count: int) -> None:
    assert child.stdout is not None
    for _ in range(count):
        word = await child.stdout.readline()
        if word != b"began\n":
            raise Unavailable("a candidate could not connect")
