"""A node with more live sessions than it carries, and its way back: `python -m tests.benchmarks._overloaded`.

A process of its own, because its load counts. Reads a `Crowd` as JSON from standard input and prints an
`Overloaded` as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from edge.assembling import watch_of
from edge.capacity.crowd import connected
from edge.capacity.ramp import Attempt, next_sessions, rating_of
from edge.capacity.stand import Stand, stand_of
from edge.capacity.tally import StepTally
from edge.capacity.trying import Trial, try_sessions
from edge.fleet.node import Node
from shared.messages.sessions import EndSession, StartSession
from tests.benchmarks._carried import trial_of
from tests.benchmarks._nodes import settings_of
from tests.support.alerts import new_identity

RATED_S: Final = 8.0
"""Measured for each number while the rating is looked for."""
MOST_RATED: Final = 16
GIVEN_UP_S: Final = 300.0
"""A node that is not back by then does not come back."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """What comes."""

    recording: str
    rating: int = 0
    """Half of the sessions that come; 0: it is measured first."""
    overload_s: float = 120.0


@dataclass(slots=True)
class Overloaded:
    """What became of the node."""

    sessions: int
    pictures: Mapping[str, int] = field(default_factory=dict)
    """As in `Pumps.pictures`."""
    p95_s: float = 0.0
    """From frame to decision, of all pictures that were looked at meanwhile."""
    settled_p95_s: float = 0.0
    """The same of the second half of the time."""
    levels: Sequence[int] = ()
    """The level at each second of the overload."""
    back_s: float = 0.0
    """From the end of the sessions to the best level."""
    watched: int = 0
    """Sessions whose pictures still arrived at the end."""

    @property
    def unaccounted(self) -> int:
        """Pictures that were received and of which nobody says what became of them."""
        others = sum(count for what, count in self.pictures.items() if what != "received")
        return self.pictures["received"] - others


def main() -> int:
    crowd = Crowd(**json.load(sys.stdin))
    with tempfile.TemporaryDirectory() as folder:
        json.dump(asdict(asyncio.run(_measured(crowd, Path(folder)))), sys.stdout)
    return 0


def overloaded(text: str) -> Overloaded:
    """What `main` printed."""
    return Overloaded(**json.loads(text))


async def _measured(crowd: Crowd, folder: Path) -> Overloaded:
    identity, settings = new_identity(), settings_of(folder, steps_down=True)
    async with stand_of(settings, identity, folder, watch_of(settings, identity.node_id)) as stand:
        trial = await trial_of(stand, Path(crowd.recording), RATED_S)
        rating = crowd.rating or await _rating(stand, trial)
        before = Counter((await stand.node.worker.report()).pictures)
        stepping = asyncio.create_task(stand.node.stepping.run())
        try:
            seen = await _overload(stand, trial, 2 * rating, crowd.overload_s)
            seen.back_s = await _back_s(stand.node)
        finally:
            stepping.cancel()
        after = Counter((await stand.node.worker.report()).pictures)
        after.subtract(before)
        seen.pictures = dict(after)
        return seen


async def _rating(stand: Stand, trial: Trial) -> int:
    tried = list[Attempt]()
    while (number := next_sessions(tried, MOST_RATED)) is not None:
        tried.append((await try_sessions(stand, trial, number)).step)
    return max(1, rating_of(tried))


async def _overload(stand: Stand, trial: Trial, sessions: int, seconds: float) -> Overloaded:
    actions, seen = stand.node.actions, Overloaded(sessions)
    orders: list[StartSession] = [trial.applicants.order() for _ in range(sessions)]
    try:
        for order in orders:
            await actions.start(order)
        async with connected(trial.sending(orders, stand.port)):
            first = stand.tap.tally = StepTally()
            levels = await _levels(stand.node, seconds / 2)
            second = stand.tap.tally = StepTally()
            levels += await _levels(stand.node, seconds / 2)
            states = (await stand.node.worker.report()).sessions
    finally:
        for order in orders:
            await actions.end(EndSession(session_id=order.session_id, submitted=True))
    seen.settled_p95_s = second.decision_p95_s or 0.0
    second.looks += first.looks
    seen.p95_s, seen.levels = second.decision_p95_s or 0.0, levels
    seen.watched = sum(state.phase == "watching" for state in states)
    return seen


async def _levels(node: Node, seconds: float) -> list[int]:
    levels, until_s = list[int](), time.monotonic() + seconds
    while time.monotonic() < until_s:
        levels.append((await node.worker.report()).level)
        await asyncio.sleep(1.0)
    return levels


async def _back_s(node: Node) -> float:
    begun_s = time.monotonic()
    while (await node.worker.report()).level > node.config.analysis.level_number:
        if time.monotonic() - begun_s > GIVEN_UP_S:
            break
        await asyncio.sleep(0.5)
    return time.monotonic() - begun_s


if __name__ == "__main__":
    sys.exit(main())
