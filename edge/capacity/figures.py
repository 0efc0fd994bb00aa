"""What `proctor-edge bench` prints and writes. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from edge.capacity.ramp import Attempt
from edge.fleet.rating import Conditions
from shared.fields import format_utc

HEADINGS: Final = (
    "sessions",
    "decision ms p50/p95/p99",
    "cores/session",
    "MB/session",
    "dropped",
    "limits passed",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFigures:
    """What one step measured."""

    step: Attempt
    measured_s: float
    looks: int
    stages_ms: Mapping[str, Mapping[str, float]]
    """Percentiles of each stage of an analysed picture."""
    cpu: Mapping[str, float]
    """Processor seconds per session and second, by part."""
    dropped: Mapping[str, int]
    outcomes: Mapping[str, int]
    """Network calls by outcome."""
    load: Mapping[str, float]
    """The highest values of the ladder's loads."""
    memory_bytes: int
    """Of all processes of the node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A whole measurement."""

    rating: int
    complete: bool
    """False: the time was over before the rating was known; it may be higher."""
    measured_utc: datetime
    recording: Mapping[str, object]
    conditions: Conditions
    steps: Sequence[StepFigures]

    def as_json(self) -> dict[str, Any]:
        """All of it, for a file."""
        steps = [
            {
                **asdict(each),
                **asdict(each.step),
                "memory_per_session_bytes": memory_per_session(self.steps, each),
            }
            for each in self.steps
        ]
        for step in steps:
            del step["step"]
        return {
            "rating": self.rating,
            "complete": self.complete,
            "measured_utc": format_utc(self.measured_utc),
            "recording": dict(self.recording),
            "conditions": self.conditions.model_dump(mode="json"),
            "steps": steps,
        }

    def table(self) -> str:
        """The steps under one another, and the parts of the processor's time in the last that held."""
        rows: list[tuple[str, ...]] = [HEADINGS]
        rows += [_row(self.steps, each) for each in self.steps]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        shown = [each for each in self.steps if each.step.sessions == self.rating and not each.step.passed]
        for each in shown[-1:]:
            lines += ["", f"with {self.rating} sessions, processor seconds per session and second:"]
            lines += [f"  {part:24} {share:.4f}" for part, share in each.cpu.items()]
            lines += ["and milliseconds of an analysed picture, p50/p95/p99:"]
            lines += [f"  {stage:24} {_three(values)}" for stage, values in each.stages_ms.items()]
        return "\n".join(lines) + "\n"


def progress(one: StepFigures) -> str:
    """One step in one line."""
    passed = " ".join(one.step.passed)
    judged = f"passed {passed}" if passed else "held"
    return f"{one.step.sessions} sessions {judged}: frame to decision {_three(one.stages_ms['whole'])} ms"


def memory_per_session(steps: Sequence[StepFigures], one: StepFigures) -> int | None:
    """Bytes per session beyond the first; None for the first."""
    first = next((each for each in steps if each.step.sessions == 1), None)
    if first is None or one.step.sessions <= 1:
        return None
    return max(0, (one.memory_bytes - first.memory_bytes) // (one.step.sessions - 1))


def _row(steps: Sequence[StepFigures], one: StepFigures) -> tuple[str, ...]:
    memory = memory_per_session(steps, one)
    return (
        str(one.step.sessions),
        _three(one.stages_ms["whole"]),
        f"{one.cpu['whole']:.3f}",
        "-" if memory is None else f"{memory / 1e6:.1f}",
        str(sum(one.dropped.values())),
        " ".join(one.step.passed) or "none",
    )


def _three(values: Mapping[str, float]) -> str:
    return "/".join(f"{value:.0f}" if value >= 10 else f"{value:.1f}" for value in values.values())
