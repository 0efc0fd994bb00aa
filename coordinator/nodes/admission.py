"""Decides why a node cannot take something new, and what is answered when none can. Pure.

Two answers are different: "full" (nodes are well and all their places are taken) and "down" (there is none
that could take it). Both have figures, so that whoever reads one knows what to add or to repair.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Final
from uuid import UUID

from coordinator.nodes.routing import lacks_networks
from shared.errors import Rejected, Unavailable
from shared.messages.heartbeats import HEARTBEAT_INTERVAL_S, MISSING_AFTER_S, Heartbeat

MAX_NAMED: Final = 8
"""The most nodes named in one refusal."""
NO_ANSWER: Final = "node-away"
"""Code of a node that has not answered."""
_AWAY: Final = frozenset({NO_ANSWER, "node-unavailable", "version-away"})
"""Codes of a node that does not answer, is about to end, or cannot open a version whose files it has: its
heartbeats show it only later, if at all."""


class Hindrance(StrEnum):
    """Why a node cannot take something new, the first of these that is true."""

    MISSING = "missing"
    CORDONED = "cordoned"
    DRAINING = "draining"
    WRONG_CLOCK = "with a wrong clock"
    UNWELL = "unwell"
    FULL = "full"


def asks_another(code: str, waited_s: float) -> bool:
    """Whether one more node is asked to take a session when one has failed to, with this code. A candidate
    waits; whoever tries again after `MISSING_AFTER_S` meets no node that was silent all this time."""
    return code in _AWAY and waited_s < MISSING_AFTER_S


def all_full(full: Iterable[Heartbeat], hindered: Mapping[UUID, Hindrance]) -> Rejected:
    """The refusal when every node that could take a session is full: where to make room, when to try it."""
    beats = sorted(full, key=lambda beat: (beat.region, beat.node_id))
    named = ", ".join(f"{beat.region} {beat.node_id} (limit {beat.rating})" for beat in beats[:MAX_NAMED])
    more = f" and {len(beats) - MAX_NAMED} more" if len(beats) > MAX_NAMED else ""
    others = _counted({node: why for node, why in hindered.items() if why is not Hindrance.FULL})
    return Rejected(
        f"every edge node is full: {named}{more}, {sum(beat.rating for beat in beats)} places together"
        f"{f' (not counted: {others})' if others else ''}; end a session on one of them or start one more "
        "node, and send this again",
        code="node-full",
        status=503,
        retry_after_s=round(HEARTBEAT_INTERVAL_S),
    )


def all_down(hindered: Mapping[UUID, Hindrance]) -> Unavailable:
    """The refusal when no node is there that could take it, full or not."""
    why = f"{len(hindered)} in all: {_counted(hindered)}" if hindered else "none is known"
    return Unavailable(
        f"no healthy edge node can be reached now ({why}); check that one is running, then try again",
        code="no-node-online",
        retry_after_s=round(HEARTBEAT_INTERVAL_S),
    )


def check_has(best: Heartbeat, networks: Collection[str]) -> None:
    """Check that the best node for a session has the networks that its exam pins. Raises `Unavailable`
    ("no-node-with-network") if not: then no node that has them can take it."""
    if lacks_networks(best, networks):
        raise Unavailable(
            f"this exam is looked at with {', '.join(sorted(networks))}, and no edge node that has it can "
            "take a session now; bring its weights to more nodes, or try again",
            code="no-node-with-network",
            retry_after_s=round(HEARTBEAT_INTERVAL_S),
        )


def _counted(hindered: Mapping[UUID, Hindrance]) -> str:
    counts = Counter(hindered.values())
    return ", ".join(f"{counts[why]} {why.value}" for why in Hindrance if counts[why])
