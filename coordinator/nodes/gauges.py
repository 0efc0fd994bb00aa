"""What the metrics say of each node: signals for adding nodes. Pure.

A node's label is its id, and its region is empty until it is heard. No label names a session or a person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import UUID

from coordinator.nodes.fleet import Fleet, NodeState

LABELS: Final = ("node", "region")
Values = Mapping[tuple[str, ...], float]
"""By the labels' values."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """One value of each node."""

    name: str
    text: str
    read: Callable[[Fleet, float], Values]
    """At a monotonic time."""


def _of_heard(value: Callable[[NodeState], float | None], fleet: Fleet, now: float) -> Values:
    """Of every node that is not missing, and tells it."""
    told = [(state.heartbeat, value(state)) for state in fleet.online(now)]
    return {(str(beat.node_id), beat.region): found for beat, found in told if found is not None}


def _of_all(value: Callable[[Fleet, UUID, float], bool], fleet: Fleet, now: float) -> Values:
    """Of every node that is accepted, 1 or 0."""
    return {(str(one), fleet.region(one)): float(value(fleet, one, now)) for one in sorted(fleet.known())}


def _up(fleet: Fleet, node_id: UUID, now: float) -> bool:
    state = fleet.state(node_id)
    return state is not None and state.online(now)


def _certificate_ends_s(node: NodeState) -> float | None:
    ends_utc = node.heartbeat.measures and node.heartbeat.measures.certificate_ends_utc
    return ends_utc.timestamp() if ends_utc else None


def _heard(name: str, text: str, value: Callable[[NodeState], float | None]) -> Gauge:
    return Gauge(f"coordinator_node_{name}", text, partial(_of_heard, value))


def _all(name: str, text: str, value: Callable[[Fleet, UUID, float], bool]) -> Gauge:
    return Gauge(f"coordinator_node_{name}", text, partial(_of_all, value))


GAUGES: Final = (
    _heard("sessions", "Places that sessions hold.", lambda node: node.heartbeat.load),
    _heard("rating", "The most sessions of a node.", lambda node: node.heartbeat.rating),
    _heard(
        "load_ratio", "Sessions by rating.", lambda node: node.heartbeat.load / max(1, node.heartbeat.rating)
    ),
    _heard(
        "outbox_depth",
        "Alerts that the coordinator has not committed yet.",
        lambda node: node.heartbeat.waiting,
    ),
    _heard("level", "0 full on GPU … 4 presence and identity only.", lambda node: node.heartbeat.level),
    _heard("health", "0 broken … 10 healthy.", lambda node: node.heartbeat.health),
    _heard(
        "certificate_end_seconds", "When its certificate ends, in seconds of the epoch.", _certificate_ends_s
    ),
    _heard(
        "unwatched_share",
        "Of the time of its sessions since its heartbeat before, what nobody watched.",
        lambda node: node.unwatched_share,
    ),
    _all("up", "1 for a node that is heard, 0 for a missing one.", _up),
    _all(
        "open",
        "1 for a node that gets new sessions, 0 for one that is cordoned or draining.",
        lambda fleet, node_id, _: fleet.is_open(node_id),
    ),
)
