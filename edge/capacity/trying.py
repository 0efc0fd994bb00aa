"""Watches a number of candidates for a while, and measures where the time goes."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from edge.capacity.candidates import Applicants, Sending, SimulatedCandidate
from edge.capacity.crowd import connected
from edge.capacity.figures import StepFigures
from edge.capacity.ramp import Attempt, limits_passed
from edge.capacity.stand import Stand
from edge.capacity.tally import Spent, StepTally, shares
from edge.fleet.ladder import Load, Rung, step as after_load
from edge.fleet.node import Node
from shared.errors import Unavailable
from shared.messages.sessions import EndSession, StartSession
from shared.web_server.connections import LOOPBACK

APART_S: Final = 0.35
"""Between two candidates that connect, so that they do not all send a keyframe at once."""
WARM_S: Final = 6.0
"""After the last candidate has connected, before anything is measured."""
READ_EVERY_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Trial:
    """What every step tries."""

    applicants: Applicants
    recording: Path
    measured_s: float
    convert_s: float
    """What turning one decoded picture into pixels takes."""
    warm_s: float = WARM_S

    def longest_s(self, sessions: int) -> float:
        """About how long a step takes."""
        return 2.0 + sessions * 2 * APART_S + self.warm_s + self.measured_s

    def sending(self, orders: Sequence[StartSession], port: int) -> Sending:
        """What the candidates of these sessions do."""
        url = f"ws://{LOOPBACK}:{port}/signal"
        candidates = [
            SimulatedCandidate(
                signaling_url=f"{url}/{order.session_id}", token=self.applicants.token(order.session_id)
            )
            for order in orders
        ]
        return Sending(recording=str(self.recording), candidates=tuple(candidates), apart_s=APART_S)


async def try_sessions(stand: Stand, trial: Trial, sessions: int) -> StepFigures:
    """One step. It passes the limit `not-connected` when a candidate cannot connect."""
    actions = stand.node.actions
    orders = [trial.applicants.order() for _ in range(sessions)]
    try:
        for order in orders:
            await actions.start(order)
        async with connected(trial.sending(orders, stand.port)):
            await asyncio.sleep(trial.warm_s)
            return await _measured(stand, trial, sessions)
    except Unavailable:
        return _unmeasured(sessions)
    finally:
        for order in orders:
            await actions.end(EndSession(session_id=order.session_id, submitted=True))


async def _measured(stand: Stand, trial: Trial, sessions: int) -> StepFigures:
    node, tally = stand.node, StepTally()
    dropped, spent, begun_s = await _dropped(node), await _spent(node), time.monotonic()
    ends = _ends(node)
    stand.tap.tally = tally
    loads, fired = await _strained(stand, begun_s + trial.measured_s)
    took_s = time.monotonic() - begun_s
    lost, used = await _dropped(node) - dropped, (await _spent(node)).since(spent)
    return StepFigures(
        step=Attempt(
            sessions,
            limits_passed(
                tally.decision_p95_s,
                lost,
                tally.outcomes,
                fired,
                unwatched=sessions - await _watched(node),
                ended=_ends(node) - ends,
            ),
        ),
        measured_s=round(took_s, 2),
        looks=len(tally.looks),
        stages_ms=tally.stages_ms(),
        cpu=shares(used, tally, trial.convert_s, sessions * took_s),
        dropped=dict(lost),
        outcomes=dict(tally.outcomes),
        load=highest(loads),
        memory_bytes=_memory_bytes(node),
    )


def _unmeasured(sessions: int) -> StepFigures:
    return StepFigures(
        step=Attempt(sessions, ("not-connected",)),
        measured_s=0.0,
        looks=0,
        stages_ms=StepTally().stages_ms(),
        cpu={"whole": 0.0},
        dropped={},
        outcomes={},
        load={},
        memory_bytes=0,
    )


async def _strained(stand: Stand, until_s: float) -> tuple[list[Load], tuple[str, ...]]:
    """The loads until that time, or until the node would look less often; then also why it would."""
    best = stand.node.config.analysis.level_number
    rung, loads = Rung(best), list[Load]()
    stand.meter.read()
    while (left_s := until_s - time.monotonic()) > 0:
        await asyncio.sleep(min(READ_EVERY_S, left_s))
        loads.append(stand.meter.read())
        rung = after_load(rung, loads[-1], time.monotonic(), best=best)
        if rung.fewer_frames:
            return loads, tuple(each.value for each in rung.why)
    return loads, ()


def highest(loads: Sequence[Load]) -> dict[str, float]:
    """The highest value of each load."""
    kinds = {kind for load in loads for kind in load}
    return {kind.value: round(max(load.get(kind, 0.0) for load in loads), 3) for kind in sorted(kinds)}


async def _watched(node: Node) -> int:
    """The sessions whose pictures arrive: without this, candidates that are gone would make a number hold."""
    return sum(state.phase == "watching" for state in (await node.worker.report()).sessions)


def _ends(node: Node) -> int:
    return sum(worker.ends for worker in node.workers())


async def _dropped(node: Node) -> Counter[str]:
    return Counter((await node.worker.report()).dropped)


async def _spent(node: Node) -> Spent:
    workers_s = sum(worker.cpu_s for worker in node.workers())
    decode_s = (await node.worker.report()).decode_s
    return Spent(whole_s=time.process_time() + workers_s, decode_s=decode_s, outbox_s=_outbox_s())


def _outbox_s() -> float:
    """Processor time of the outbox's thread so far."""
    ours = {thread.native_id for thread in threading.enumerate() if thread.name.startswith("outbox")}
    threads = psutil.Process().threads()
    return float(sum(each.user_time + each.system_time for each in threads if each.id in ours))


def _memory_bytes(node: Node) -> int:
    pids = [worker.pid for worker in node.workers() if worker.pid is not None]
    return sum(psutil.Process(pid).memory_info().rss for pid in (None, *pids))
