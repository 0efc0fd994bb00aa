"""A node with live sessions for a long time, what it holds noted: `python -m tests.benchmarks._steady`.

A process of its own, because its memory, files and threads count. Reads a `Long` as JSON from standard input
and prints a list of `Held` as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import psutil

from edge.assembling import watch_of
from edge.capacity.crowd import connected
from edge.capacity.stand import Stand, stand_of
from edge.capacity.trying import Trial
from shared.messages.sessions import EndSession
from tests.benchmarks._carried import trial_of
from tests.benchmarks._nodes import settings_of
from tests.support.alerts import new_identity

EVERY_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Long:
    """What comes."""

    recording: str
    sessions: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Held:
    """What the node's process holds at one moment."""

    at_s: float
    memory_bytes: int
    files: int
    threads: int
    watching: int
    """Sessions whose pictures arrive."""


def main() -> int:
    long = Long(**json.load(sys.stdin))
    with tempfile.TemporaryDirectory() as folder:
        json.dump([asdict(each) for each in asyncio.run(_steady(long, Path(folder)))], sys.stdout)
    return 0


def held(text: str) -> list[Held]:
    """What `main` printed."""
    return [Held(**row) for row in json.loads(text)]


async def _steady(long: Long, folder: Path) -> list[Held]:
    identity, settings = new_identity(), settings_of(folder)
    async with stand_of(settings, identity, folder, watch_of(settings, identity.node_id)) as stand:
        trial = await trial_of(stand, Path(long.recording), long.seconds)
        return await _watched(stand, trial, long)


async def _watched(stand: Stand, trial: Trial, long: Long) -> list[Held]:
    orders, actions = [trial.applicants.order() for _ in range(long.sessions)], stand.node.actions
    try:
        for order in orders:
            await actions.start(order)
        async with connected(trial.sending(orders, stand.port)):
            begun_s, noted = time.monotonic(), list[Held]()
            while (at_s := time.monotonic() - begun_s) < long.seconds:
                noted.append(await _now(stand, at_s))
                await asyncio.sleep(EVERY_S)
            return noted
    finally:
        for order in orders:
            await actions.end(EndSession(session_id=order.session_id, submitted=True))


async def _now(stand: Stand, at_s: float) -> Held:
    process, states = psutil.Process(), (await stand.node.worker.report()).sessions
    return Held(
        at_s=at_s,
        memory_bytes=process.memory_info().rss,
        files=process.num_fds(),
        threads=process.num_threads(),
        watching=sum(state.phase == "watching" for state in states),
    )


if __name__ == "__main__":
    sys.exit(main())
