"""What all sessions of a process look and listen with."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from edge.analysis.engine import Engine
from edge.analysis.levels import LevelInForce
from edge.analysis.networks import Networks
from edge.analysis.restarts import Restarts
from edge.analysis.versions import Versions
from shared.events.looks import Look

ENROLLMENT: Final = "enrollment"
"""What the calls for enrollment pictures are called in the engine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruments:
    """The networks, the engine that runs them, and the level in force."""

    networks: Networks
    engine: Engine
    level: LevelInForce
    versions: Versions
    """The networks of sessions that are to be looked at with other versions."""
    restarts: Restarts = field(default_factory=Restarts)
    """The engine reports its restarts that no network explains here."""

    @property
    def work(self) -> bool:
        """Whether the networks work; one that is only compared may rest."""
        resting = any(self.engine.rests(task) for task in (*Look, ENROLLMENT))
        engine_works = not self.restarts.too_many(monotonic()) and not resting
        return engine_works and all(network.works for network in self.networks.opened)
