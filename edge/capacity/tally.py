"""Adds up where the time of one step went: pictures by stage, processor time by part. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from edge.analysis.measured import Looked, Measured
from shared.events.looks import Look
from shared.percentiles import percentile

STAGES: Final = ("received_s", "waited_s", "looked_s", "judged_s", "whole_s")
PERCENTILES: Final = (50, 95, 99)
_LOOKS: Final = frozenset(look.value for look in Look)


@dataclass(slots=True)
class StepTally:
    """What workers have reported since its beginning."""

    looks: list[Looked] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    """Calls of looks by outcome."""
    network_cpu_s: dict[str, float] = field(default_factory=dict)
    """By task."""

    def take(self, told: Measured | Looked) -> None:
        """Add one measurement."""
        if isinstance(told, Looked):
            self.looks.append(told)
            return
        if told.task in _LOOKS:
            self.outcomes[told.outcome] += 1
        self.network_cpu_s[told.task] = self.network_cpu_s.get(told.task, 0.0) + told.cpu_s

    def stages_ms(self) -> dict[str, dict[str, float]]:
        """Percentiles of each stage of a picture; `whole` is from frame to decision."""
        return {
            stage.removesuffix("_s"): {
                f"p{percent}": round(
                    percentile((getattr(each, stage) for each in self.looks), percent) * 1000, 1
                )
                for percent in PERCENTILES
            }
            for stage in STAGES
        }

    @property
    def decision_p95_s(self) -> float | None:
        """None when nothing was looked at."""
        return percentile((each.whole_s for each in self.looks), 95) if self.looks else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Processor seconds of all processes of a node so far."""

    whole_s: float
    decode_s: float
    outbox_s: float

    def since(self, before: Spent) -> Spent:
        return Spent(
            whole_s=self.whole_s - before.whole_s,
            decode_s=self.decode_s - before.decode_s,
            outbox_s=self.outbox_s - before.outbox_s,
        )


def shares(spent: Spent, tally: StepTally, convert_s: float, session_seconds: float) -> Mapping[str, float]:
    """Processor seconds per session and second, by part. `convert_s`: what turning one decoded picture into
    pixels takes, measured alone; it is a part of the first look's call. `receive` is what is left: datagrams,
    decryption, packets, sound, the event loop."""
    converted_s = convert_s * len(tally.looks)
    networks = dict(tally.network_cpu_s)
    networks[Look.FACES] = max(0.0, networks.get(Look.FACES, 0.0) - converted_s)
    parts = {
        "decode": spent.decode_s,
        "convert": converted_s,
        **{f"network {task}": cpu_s for task, cpu_s in sorted(networks.items()) if cpu_s > 0},
        "rules": sum(each.judged_s for each in tally.looks),
        "outbox": spent.outbox_s,
    }
    parts = {"receive": max(0.0, spent.whole_s - sum(parts.values())), **parts, "whole": spent.whole_s}
    return {part: round(seconds / session_seconds, 4) for part, seconds in parts.items()}
