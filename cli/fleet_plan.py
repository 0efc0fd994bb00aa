"""Computes what a number of sessions needs: nodes, messages, database, network, cost. Pure.

It is a model, not a measurement: every figure has its inputs beside it. Ratings are measured, by
`proctor-edge bench` on the machines themselves; what is assumed is an input too and can be changed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median_low
from typing import Final

from shared.errors import Rejected
from shared.messages.heartbeats import HEARTBEAT_INTERVAL_S

MESSAGES_PER_ALERT: Final = 5
"""To the hub, its acknowledgement, to the coordinator, its acknowledgement, and the mark."""
REVISIONS: Final = 2
"""An alert is told when it is raised and when it is over."""
STATE_EVERY_S: Final = 5.0
"""How often a session's state is kept at the hub, so that another node can go on with it."""
SEEN_EVERY_S: Final = 60.0
ALERT_KIB: Final = 30
STATE_KIB: Final = 16
MOST_NODES: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What is planned for, and what is known or assumed."""

    sessions: int
    """At the same time."""
    rating: int
    """Measured, of each node that is added."""
    have: tuple[int, ...] = ()
    """Measured, of the nodes that are there."""
    target: float = 0.7
    """The share of its rating that a node should carry at most; above it, others are preferred."""
    spare: int = 1
    """Nodes that may fail at the same time: the others must still have places for all."""
    alerts_per_hour: float = 12.0
    """Of one session. Assumed."""
    kbit_per_s: float = 450.0
    """Of one session's picture and sound; the page's limit is 400 for the picture."""
    sessions_per_proctor: int = 40
    """Assumed. Each has a wall open."""
    cost_per_hour: float | None = None
    """Of one node, in any currency."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a plan."""

    name: str
    value: float
    unit: str
    inputs: str
    """How it comes about."""


def typical(ratings: tuple[int, ...]) -> int:
    """The rating to plan with where nodes have different ones. Raises `Rejected` if there is none."""
    if not ratings:
        raise Rejected("no node with a rating is online; give --rating", code="no-rating", status=409)
    return median_low(ratings)


def fleet_for(inputs: Inputs) -> tuple[int, ...]:
    """The ratings of the nodes that carry the sessions: those that are there and those to be added.

    Raises `Rejected` if that are too many.
    """
    added = bisect_left(range(MOST_NODES + 1), True, key=lambda count: _carries(count, inputs))
    if added > MOST_NODES:
        raise Rejected(f"more than {MOST_NODES} nodes are needed", code="too-many-nodes", status=409)
    return (*inputs.have, *[inputs.rating] * added)


def plan(inputs: Inputs) -> list[Figure]:
    """All figures for these inputs. Raises as `fleet_for` does."""
    nodes = fleet_for(inputs)
    return [
        *_nodes(inputs, nodes),
        *_hub(inputs, len(nodes)),
        *_database(inputs, len(nodes)),
        *_network(inputs, nodes),
        *_cost(inputs, len(nodes)),
    ]


def _carries(added: int, inputs: Inputs) -> bool:
    """Whether this many more nodes are enough: normally, and when the largest ones fail."""
    places = sum(inputs.have) + added * inputs.rating
    could_fail = sorted([*inputs.have, *[inputs.rating] * min(added, inputs.spare)], reverse=True)
    left = places - sum(could_fail[: inputs.spare])
    return places * inputs.target >= inputs.sessions - 1e-6 and left >= inputs.sessions


def _nodes(inputs: Inputs, nodes: tuple[int, ...]) -> Iterator[Figure]:
    places, here = sum(nodes), len(inputs.have)
    rule = f"{inputs.target:.0%} of the ratings, {inputs.spare} may fail, {inputs.rating} each"
    yield Figure("nodes", len(nodes), "", rule)
    yield Figure("nodes to add", len(nodes) - here, "", f"{here} are there, of {sum(inputs.have)} places")
    yield Figure("load", inputs.sessions / places if places else 0.0, "of 1", f"{places} places")


def _alerts_per_s(inputs: Inputs) -> float:
    return inputs.sessions * inputs.alerts_per_hour * REVISIONS / 3600


def _hub(inputs: Inputs, nodes: int) -> Iterator[Figure]:
    alerts = _alerts_per_s(inputs) * MESSAGES_PER_ALERT
    beats, states = nodes * 2 / HEARTBEAT_INTERVAL_S, inputs.sessions * 2 / STATE_EVERY_S
    yield Figure("hub: heartbeats", beats, "messages/s", f"each node 2 in {HEARTBEAT_INTERVAL_S:g} s")
    yield Figure("hub: states", states, "messages/s", f"each session 2 in {STATE_EVERY_S:g} s")
    told = f"{inputs.alerts_per_hour:g} an hour and session, {REVISIONS} revisions, {MESSAGES_PER_ALERT} each"
    yield Figure("hub: alerts", alerts, "messages/s", told)
    yield Figure("hub: all", beats + states + alerts, "messages/s", "the sum")


def _database(inputs: Inputs, nodes: int) -> Iterator[Figure]:
    writes = _alerts_per_s(inputs) + nodes / SEEN_EVERY_S
    proctors = -(-inputs.sessions // inputs.sessions_per_proctor)
    reads = proctors + nodes / HEARTBEAT_INTERVAL_S
    yield Figure("database: writes", writes, "transactions/s", "one a revision, and a node's a minute")
    yield Figure("database: reads", reads, "queries/s", f"{proctors} walls once a second, and heartbeats")


def _network(inputs: Inputs, nodes: tuple[int, ...]) -> Iterator[Figure]:
    mbit = inputs.kbit_per_s / 1000
    each = f"{inputs.kbit_per_s:g} kbit/s a session"
    yield Figure("media: all nodes", inputs.sessions * mbit, "Mbit/s", each)
    yield Figure("media: largest node", max(nodes, default=0) * mbit, "Mbit/s", f"{each}, all places taken")
    kib = _alerts_per_s(inputs) * ALERT_KIB + inputs.sessions / STATE_EVERY_S * STATE_KIB
    told = f"an alert {ALERT_KIB} KiB, a state {STATE_KIB} KiB; assumed"
    yield Figure("hub: incoming", kib * 1024 * 8 / 1e6, "Mbit/s", told)


def _cost(inputs: Inputs, nodes: int) -> Iterator[Figure]:
    if inputs.cost_per_hour is None:
        return
    whole = nodes * inputs.cost_per_hour
    yield Figure("cost", whole, "an hour", f"{inputs.cost_per_hour:g} a node, without hub and coordinator")
    yield Figure("cost of a session", whole / inputs.sessions, "an hour", "the same, by sessions")
