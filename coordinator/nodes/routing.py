"""Decides which node gets a session. Pure.

Nodes that have the networks of the exam come first, then those at or above its lowest level, those of the
region, and those that can verify the candidate's face, then the better level and the less busy. A busy node
leaves a session to another one that watches as well, even in another region.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from shared.events.looks import LOWEST_LEVEL
from shared.messages.heartbeats import Heartbeat

BUSY: Final = 0.7
"""Above this share of its rating a node gets new sessions only if no other can take them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a session needs of its node."""

    region: str | None = None
    recognisers: Collection[str] = ()
    """Those of the candidate's templates: a node without any of them could not verify the face."""
    networks: Collection[str] = ()
    """The versions that its exam has; a node without them looks with its own."""
    lowest_level: int = LOWEST_LEVEL
    """The lowest that the exam accepts."""


def route(nodes: Sequence[Heartbeat], need: Need) -> Heartbeat:
    """The best of these nodes, of which there is at least one and each can take the session."""

    def rank(node: Heartbeat) -> tuple[object, ...]:
        return _rank(node, need)

    best = min(nodes, key=rank)
    calmer = [node for node in nodes if _calmer(node, best, need)]
    return min(calmer, key=rank, default=best)


def _calmer(other: Heartbeat, best: Heartbeat, need: Need) -> bool:
    """Whether another node takes a session from the best one, because that is busy, and watches as well."""
    return (
        best.load > BUSY * best.rating
        and other.load <= BUSY * other.rating
        and other.level <= best.level
        and _lacks(other, need.recognisers) <= _lacks(best, need.recognisers)
        and lacks_networks(other, need.networks) <= lacks_networks(best, need.networks)
    )


def _lacks(node: Heartbeat, recognisers: Collection[str]) -> bool:
    return bool(recognisers) and not set(recognisers) & set(node.recognisers)


def lacks_networks(node: Heartbeat, networks: Collection[str]) -> bool:
    """Whether a node has not all of these versions at hand."""
    return not {*node.at_hand, *node.models.values()}.issuperset(networks)


def _rank(node: Heartbeat, need: Need) -> tuple[object, ...]:
    return (
        lacks_networks(node, need.networks),
        node.level > need.lowest_level,
        need.region is not None and node.region != need.region,
        _lacks(node, need.recognisers),
        node.level,
        node.load / max(1, node.rating),
        -node.health,
        node.node_id,
    )
