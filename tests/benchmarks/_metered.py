"""One recording analysed on one core with every network metered: `python -m tests.benchmarks._metered`.

A process of its own, because it binds itself to one core before any library counts them. Reads a `Task` as
JSON from standard input and prints a `Metered` as JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge.analysis.networks import Networks
    from models.runtime import Network
    from models.serving import Serving

WARM_UP_S = 4.0


@dataclass(frozen=True, slots=True)
class Task:
    """What to analyse."""

    recording: str
    portrait: str
    selection: str
    """What is at hand: open, registry or research."""
    body: bool
    level: int = 1


@dataclass(frozen=True, slots=True)
class Called:
    """One network's part; processor seconds."""

    calls: int
    in_run_s: float
    """Inside the calls of the run itself."""
    bare_s: float
    """The same calls again in the order of the run, with nothing between them."""


@dataclass(frozen=True, slots=True)
class Metered:
    """One analysis; processor seconds, so that whatever else runs on the machine hardly counts."""

    duration_s: float
    frames: int
    analysed_frames: int
    actual_s: float
    wall_s: float
    decode_s: float
    """Every packet through the decoder and nothing else."""
    networks: dict[str, Called]

    @property
    def network_s(self) -> float:
        return sum(called.bare_s for called in self.networks.values())

    @property
    def efficiency(self) -> float:
        """Bare decoding and bare networks over everything."""
        return (self.decode_s + self.network_s) / self.actual_s

    @property
    def realtime_factor(self) -> float:
        """Seconds of exam per processor second."""
        return self.duration_s / self.actual_s


@dataclass(slots=True)
class _Meter:
    """Follows the calls of one network and keeps the input of one."""

    network: Network
    calls: int = 0
    in_run_s: float = 0.0
    bare_s: float = 0.0
    inputs: Mapping[str, Any] = field(default_factory=dict)


def main() -> int:
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    task = Task(**json.load(sys.stdin))
    json.dump(asdict(measure(task)), sys.stdout)
    return 0


def measured(text: str) -> Metered:
    """What `main` printed."""
    raw = json.loads(text)
    return Metered(**{**raw, "networks": {name: Called(**row) for name, row in raw["networks"].items()}})


def measure(task: Task) -> Metered:
    """Analyse once for warming up, once metered; then decode and call the networks bare."""
    import cv2

    from edge.accuracy.selected import serving
    from edge.accuracy.selection import Selection
    from edge.analysis.networks import open_networks
    from models.store import Store

    cv2.setNumThreads(1)
    served = serving(Store.here(), Selection(task.selection))
    networks = open_networks(served)
    asyncio.run(_analyse(task, networks, until_s=WARM_UP_S))
    meters, order = _metered(served)
    begun_s, begun_wall_s = time.process_time(), time.perf_counter()
    duration_s, frames, analysed = asyncio.run(_analyse(task, networks))
    actual_s, wall_s = time.process_time() - begun_s, time.perf_counter() - begun_wall_s
    _call_bare(order)
    return Metered(
        duration_s=duration_s,
        frames=frames,
        analysed_frames=analysed,
        actual_s=actual_s,
        wall_s=wall_s,
        decode_s=_decode_s(task.recording),
        networks={
            name: Called(meter.calls, meter.in_run_s, meter.bare_s)
            for name, meter in meters.items()
            if meter.calls
        },
    )


async def _analyse(task: Task, networks: Networks, until_s: float | None = None) -> tuple[float, int, int]:
    """Seconds watched, frames, and frames looked at."""
    from edge.analysis.engine import Engine
    from edge.analysis.enrolling import enroll, read_picture
    from edge.analysis.levels import LevelInForce
    from edge.analysis.perception import Perception
    from edge.judging.watch import Watch
    from edge.media.recording import open_recording
    from edge.tools.offline import analyse, recorded_session, session_id_of
    from shared.policy.schema import parse_policy

    policy = parse_policy({"features": {"pose_analysis": task.body}})
    portrait = read_picture(Path(task.portrait))
    async with Engine(threads=0) as engine:
        owner = session_id_of("bench")
        templates = await enroll([portrait], networks, engine, policy.enrollment_gate, owner)
        perception = Perception(
            owner, engine, networks, policy=policy, templates=templates, level=LevelInForce(task.level)
        )
        recording = open_recording(Path(task.recording))

        def enough(at_s: float) -> None:
            if until_s is not None and at_s > until_s:
                raise StopAsyncIteration

        try:
            outcome = await analyse(
                recording,
                perception,
                Watch(recorded_session("bench", policy, networks), level=task.level),
                keep=lambda _: None,
                report=enough,
            )
        except StopAsyncIteration:
            return 0.0, 0, 0
        return outcome.duration_s, outcome.frames, outcome.analysed_frames


def _metered(served: Serving) -> tuple[dict[str, _Meter], list[_Meter]]:
    """A meter in the call of every opened network, and the meters in the order of the calls to come."""
    from models.runtime import Network

    meters = {
        f"{name} {number}" if len(networks) > 1 else name: _Meter(network)
        for name, networks in served.networks.items()
        for number, network in enumerate(networks, 1)
    }
    order: list[_Meter] = []
    by_identity = {id(meter.network): meter for meter in meters.values()}
    bare = Network.run

    def run(network: Network, inputs: Mapping[str, Any]) -> dict[str, Any]:
        meter = by_identity[id(network)]
        begun_s = time.process_time()
        answer = bare(network, inputs)
        meter.in_run_s += time.process_time() - begun_s
        meter.calls += 1
        order.append(meter)
        meter.inputs = meter.inputs or {name: array.copy() for name, array in inputs.items()}
        return answer

    Network.run = run  # type: ignore[method-assign,assignment]
    return meters, order


def _call_bare(order: Sequence[_Meter]) -> None:
    """The run's calls again, one after the other."""
    for meter in tuple(order):
        call, inputs = meter.network._opened.backend.call, meter.inputs
        begun_s = time.process_time()
        call(inputs)
        meter.bare_s += time.process_time() - begun_s


def _decode_s(path: str) -> float:
    import av

    spent_s = 0.0
    for kind in ("video", "audio"):
        with av.open(path) as container:
            streams = [stream for stream in container.streams if stream.type == kind]
            begun_s = time.process_time()
            for stream in streams[:1]:
                stream.codec_context.thread_count = 1
                for _ in container.decode(stream):
                    pass
            spent_s += time.process_time() - begun_s
    return spent_s


if __name__ == "__main__":
    sys.exit(main())
