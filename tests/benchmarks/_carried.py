"""Numbers of live sessions on one node, one after the other: `python -m tests.benchmarks._carried`.

A process of its own, because its whole processor time and memory count. Reads a `Load` as JSON from standard
input and prints a list of `Carried` as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.assembling import watch_of
from edge.capacity.candidates import Applicants
from edge.capacity.figures import StepFigures
from edge.capacity.material import convert_s, read_material
from edge.capacity.ramp import LOST
from edge.capacity.stand import Stand, stand_of
from edge.capacity.trying import Trial, try_sessions
from shared.garbage import spare_what_is_loaded
from shared.policy.schema import Policy
from shared.policy.terms import ENROLLMENT_GATE
from tests.benchmarks._nodes import settings_of
from tests.support.alerts import new_identity

PAUSE_S: Final = 1.0
"""Between two numbers, so that the last one's candidates are gone."""


@dataclass(frozen=True, slots=True)
class Load:
    """What to carry."""

    recording: str
    sessions: Sequence[int]
    workers: int = 0
    measured_s: float = 15.0


@dataclass(frozen=True, slots=True)
class Carried:
    """One number of sessions."""

    sessions: int
    cpu_s: float
    """Processor seconds per session and second."""
    p95_ms: float
    """From frame to decision."""
    lost: int
    memory_bytes: int
    """Of all processes of the node."""
    passed: Sequence[str]
    """The limits of a rating that were passed."""


def main() -> int:
    load = Load(**json.load(sys.stdin))
    with tempfile.TemporaryDirectory() as folder:
        steps = asyncio.run(_steps(load, Path(folder)))
    json.dump([asdict(_carried(each)) for each in steps], sys.stdout)
    return 0


def carried(text: str) -> list[Carried]:
    """What `main` printed."""
    return [Carried(**row) for row in json.loads(text)]


async def _steps(load: Load, folder: Path) -> list[StepFigures]:
    identity, settings = new_identity(), settings_of(folder, workers=load.workers)
    async with stand_of(settings, identity, folder, watch_of(settings, identity.node_id)) as stand:
        trial = await trial_of(stand, Path(load.recording), load.measured_s)
        steps = []
        for number in load.sessions:
            steps.append(await try_sessions(stand, trial, number))
            await asyncio.sleep(PAUSE_S)
        return steps


async def trial_of(stand: Stand, recording: Path, measured_s: float) -> Trial:
    """Candidates with the standard policy whose face is enrolled."""
    enrolled = await stand.node.worker.enroll(read_material(recording).portrait, ENROLLMENT_GATE)
    spare_what_is_loaded()
    applicants = Applicants(Policy(), enrolled.templates, Ed25519PrivateKey.generate())
    return Trial(applicants, recording, measured_s, convert_s(recording))


def _carried(step: StepFigures) -> Carried:
    whole: Mapping[str, float] = step.stages_ms["whole"]
    return Carried(
        sessions=step.step.sessions,
        cpu_s=step.cpu["whole"],
        p95_ms=whole["p95"],
        lost=sum(count for reason, count in step.dropped.items() if reason in LOST),
        memory_bytes=step.memory_bytes,
        passed=step.step.passed,
    )


if __name__ == "__main__":
    sys.exit(main())
