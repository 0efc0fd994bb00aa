"""One live session over real WebRTC, its networks followed: `python -m tests.benchmarks._lived`.

A process of its own, because its whole processor time counts. Reads a `Task` as JSON from standard input and
prints a `Lived` as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

import cv2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.assembling import watch_of
from edge.capacity.candidates import Applicants
from edge.capacity.figures import StepFigures
from edge.capacity.material import convert_s, read_material
from edge.capacity.stand import stand_of
from edge.capacity.trying import Trial, try_sessions
from edge.config import EdgeConfig
from models.runtime import Network
from shared.garbage import spare_what_is_loaded
from shared.policy.schema import parse_policy
from shared.policy.terms import ENROLLMENT_GATE
from tests.benchmarks._metered import Task
from tests.benchmarks._nodes import settings_of
from tests.support.alerts import new_identity

MEASURED_S: Final = 20.0
ROUNDS, CALLS = 3, 20
"""A network's bare time is the median of some rounds of calls, one after the other."""


@dataclass(frozen=True, slots=True)
class Lived:
    """Processor seconds per second of one session."""

    whole_s: float
    networks_s: float
    """The same number of calls with nothing between them."""
    decode_s: float
    looks: int
    parts_s: Mapping[str, float]

    @property
    def over_bare(self) -> float:
        """Everything over bare networks and decoding."""
        return self.whole_s / (self.networks_s + self.decode_s)


@dataclass(slots=True)
class _Followed:
    """One network's calls, and the input of the first."""

    inputs: Mapping[str, Any]
    at_s: list[float] = field(default_factory=list)


def main() -> int:
    json.dump(asdict(measure(Task(**json.load(sys.stdin)))), sys.stdout)
    return 0


def lived(text: str) -> Lived:
    """What `main` printed."""
    return Lived(**json.loads(text))


def measure(task: Task) -> Lived:
    """Watch one candidate for a while, then call its networks bare as often."""
    cv2.setNumThreads(1)
    followed = _follow()
    with tempfile.TemporaryDirectory() as folder:
        step = asyncio.run(_watched(task, settings_of(Path(folder)), Path(folder)))
    # The candidate leaves as soon as the measuring ends.
    from_s = max(each.at_s[-1] for each in followed.values()) - step.measured_s
    bare_s = sum(
        _bare_s(network, each) * sum(at_s > from_s for at_s in each.at_s)
        for network, each in followed.items()
    )
    return Lived(
        whole_s=step.cpu["whole"],
        networks_s=bare_s / step.measured_s,
        decode_s=step.cpu["decode"],
        looks=step.looks,
        parts_s=step.cpu,
    )


def _follow() -> dict[Network, _Followed]:
    """Count the calls of every network from now on."""
    followed: dict[Network, _Followed] = {}
    bare = Network.run

    def run(network: Network, inputs: Mapping[str, Any]) -> dict[str, Any]:
        if network not in followed:
            followed[network] = _Followed({name: array.copy() for name, array in inputs.items()})
        followed[network].at_s.append(time.monotonic())
        return bare(network, inputs)

    Network.run = run  # type: ignore[method-assign,assignment]
    return followed


async def _watched(task: Task, settings: EdgeConfig, folder: Path) -> StepFigures:
    identity, recording = new_identity(), Path(task.recording)
    policy = parse_policy({"features": {"pose_analysis": task.body}})
    async with stand_of(settings, identity, folder, watch_of(settings, identity.node_id)) as stand:
        enrolled = await stand.node.worker.enroll(read_material(recording).portrait, ENROLLMENT_GATE)
        spare_what_is_loaded()
        applicants = Applicants(policy, enrolled.templates, Ed25519PrivateKey.generate())
        return await try_sessions(stand, Trial(applicants, recording, MEASURED_S, convert_s(recording)), 1)


def _bare_s(network: Network, followed: _Followed) -> float:
    """One call's processor seconds."""
    call, rounds = network._opened.backend.call, list[float]()
    for _ in range(ROUNDS):
        begun_s = time.process_time()
        for _ in range(CALLS):
            call(followed.inputs)
        rounds.append((time.process_time() - begun_s) / CALLS)
    return median(rounds)


if __name__ == "__main__":
    sys.exit(main())
