"""Decides whether an order for the node's settings did good: by its health for a while. Pure.

Only what the node itself can change counts, and only what was not wrong before: neither the hub that is away
nor a machine that was too slow already says anything of the order.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

PROVED_AFTER_S: Final = 60.0
"""An order has proved itself when nothing was wrong for so long."""
BOUND_S: Final = 180.0
"""An order that has not proved itself by then is taken back."""
OTHER_NETWORK: Final = "other-network"
"""A task is served by another network than the order names."""
ITS_OWN: Final = frozenset(
    {
        "analysis-failing",
        "outbox-failing",
        "loop-stuck",
        "loop-slow",
        "loop-blocked",
        "overloaded",
        "worker-missing",
        OTHER_NETWORK,
    }
)
"""The reasons of `edge.fleet.health` that settings can bring about."""


class Verdict(Enum):
    """What is known so far."""

    OPEN = "open"
    PROVED = "proved"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Probation:
    """A trial. Times are monotonic seconds."""

    began_s: float
    well_since_s: float | None = None
    """Since when nothing was wrong; None: something is."""
    wrong: tuple[str, ...] = ()
    """What was wrong last."""


def observe(
    trial: Probation, reasons: Collection[str], before: Collection[str], now_s: float
) -> tuple[Probation, Verdict]:
    """The trial after one more look at the node's health. `before`: what was wrong before the order."""
    wrong = tuple(sorted(ITS_OWN.intersection(reasons).difference(before)))
    if wrong:
        trial = replace(trial, well_since_s=None, wrong=wrong)
    elif trial.well_since_s is None:
        trial = replace(trial, well_since_s=now_s)
    if trial.well_since_s is not None and now_s - trial.well_since_s >= PROVED_AFTER_S:
        return trial, Verdict.PROVED
    return trial, Verdict.FAILED if now_s - trial.began_s >= BOUND_S else Verdict.OPEN
