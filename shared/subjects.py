"""Builds and parses subject and stream names on NATS.

    edge.<node>.alert.<lane>       node → stream ALERTS → coordinator   signed and sealed alerts
    edge.<node>.heartbeat          node → coordinator, request/reply    health; the reply carries the marks
    edge.<node>.command.<kind>     coordinator → node, request/reply    start, end, enroll, verify
    edge.<node>.mark               coordinator → node                   committed high-water marks
    edge.<node>.state.<session>    node → stream STATES                 a session's last state, sealed
    audit.checkpoint.<tenant>      coordinator → stream CHECKPOINTS     signed ends of an audit log
    coordinators.told              coordinator → coordinators           what to tell open sockets
    coordinators.listens           coordinator → coordinators           has this candidate a socket there?

Ids are internal UUIDs; no subject ever contains personal data. A node may publish only under its
own `edge.<node>.` and subscribe only to its own commands, marks and inbox.
"""

from __future__ import annotations

from uuid import UUID

from shared.errors import Corrupt
from shared.events.types import Lane

ALERT_STREAM = "ALERTS"
ALERT_SUBJECTS = "edge.*.alert.*"
ALERT_CONSUMER = "coordinator"
ALL_HEARTBEATS = "edge.*.heartbeat"
STATE_STREAM = "STATES"
STATE_SUBJECTS = "edge.*.state.*"
CHECKPOINT_STREAM = "CHECKPOINTS"
CHECKPOINT_SUBJECTS = "audit.checkpoint.*"
COORDINATORS = "coordinators.told"
CANDIDATE_LISTENS = "coordinators.listens"


def alert(node_id: UUID, lane: Lane) -> str:
    return f"edge.{node_id}.alert.{lane}"


def heartbeat(node_id: UUID) -> str:
    return f"edge.{node_id}.heartbeat"


def command(node_id: UUID, kind: str) -> str:
    return f"edge.{node_id}.command.{kind}"


def commands(node_id: UUID) -> str:
    """The subject pattern of a node's commands."""
    return f"edge.{node_id}.command.*"


def mark(node_id: UUID) -> str:
    return f"edge.{node_id}.mark"


def state(node_id: UUID, session_id: UUID) -> str:
    return f"edge.{node_id}.state.{session_id}"


def states_of(session_id: UUID) -> str:
    """The subject pattern of a session's states, whichever nodes sent them."""
    return f"edge.*.state.{session_id}"


def states_by(node_id: UUID) -> str:
    """The subject pattern of the states that a node sends."""
    return f"edge.{node_id}.state.*"


def checkpoint(tenant_id: UUID) -> str:
    return f"audit.checkpoint.{tenant_id}"


def inbox_prefix(owner: UUID | str) -> str:
    """Prefix of a private inbox, so that no node can read another's replies (ADR-32)."""
    return f"_INBOX_{owner}"


def node_of(subject: str) -> UUID:
    """The node of a subject. Raises `Corrupt` when it has none."""
    parts = subject.split(".")
    try:
        if parts[0] == "edge":
            return UUID(parts[1])
    except (IndexError, ValueError):
        pass
    raise Corrupt("the subject does not name a node")
