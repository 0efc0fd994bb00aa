"""Nodes in the API's form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from coordinator.nodes.fleet import NodeState
from coordinator.nodes.history import Sample
from coordinator.nodes.node_states import Assessment, Facts, State, assess
from coordinator.nodes.placements import Left
from coordinator.nodes.reasons import told
from coordinator.nodes.tables import Node
from shared.api.node_settings import SettingsState
from shared.api.nodes import LeftOut, MeasuresOut, NodeHourOut, NodeOut, NodeSettingsStateOut, ReasonOut
from shared.messages.heartbeats import Heartbeat, Measures


@dataclass(frozen=True, slots=True)
class GivenHere:
    """What became of the settings that were given to a node."""

    version: int | None
    state: SettingsState
    reason: str


_TO_KNOW: Final = frozenset({"unknown", "pending", "refused", "rolled-back"})
"""What somebody should know of the settings of a node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeNow:
    """What is known about a node now."""

    last: NodeState | None
    """Its last heartbeat since this program started; None if there was none."""
    online: bool
    silent_s: float
    skew_s: float | None
    degraded: bool
    hub_connected: bool
    left: Left | None
    """None: not counted."""
    sessions: int | None
    """How many of its sessions the caller may know of; None: all, and everything else about them."""
    given: GivenHere


def facts_of(row: Node, seen: NodeNow) -> Facts:
    """What decides the node's state."""
    return Facts(
        revoked=row.revoked_utc is not None,
        placement=row.placement,
        deadline_utc=row.drain_deadline_utc,
        left=None if seen.left is None else seen.left.count,
        heartbeat=None if seen.last is None else seen.last.heartbeat,
        silent_s=seen.silent_s,
        seen_before=row.last_seen_utc is not None,
        skew_s=seen.skew_s,
        degraded=seen.degraded,
        hub_connected=seen.hub_connected,
    )


def node_out(row: Node, seen: NodeNow, now_utc: datetime) -> NodeOut:
    """A node in the API's form."""
    last, everything = seen.last, seen.sessions is None
    beat = None if last is None else last.heartbeat
    given = seen.given if everything else None
    unseen = "never-seen" if row.last_seen_utc is None and last is None else "missing"
    return NodeOut(
        **_member(row),
        **_assessed(assess(facts_of(row, seen), now_utc), given),
        status="online" if seen.online else unseen,
        clock_skew_s=None if seen.skew_s is None else round(seen.skew_s, 1),
        **_beaten(beat),
        sessions=(0 if beat is None else beat.load) if seen.sessions is None else seen.sessions,
        last_seen_at=row.last_seen_utc if last is None else last.heard_utc,
        left=_left_out(seen.left) if everything and seen.left is not None else None,
        policy_versions=_versions(beat) if everything and beat is not None else {},
        settings=None if given is None else NodeSettingsStateOut(**asdict(given)),
    )


def hour_out(row: Node, samples: Sequence[Sample], *, everything: bool) -> NodeHourOut:
    """The last hour of a node. `everything`: whether the caller may know of all sessions."""
    return NodeHourOut(
        node_id=str(row.id),
        at=[one.minute_utc for one in samples],
        sessions=[one.sessions for one in samples] if everything else None,
        lag_p95_s=[one.lag_p95_s for one in samples],
        level=[one.level for one in samples],
        cpu=[one.cpu for one in samples],
        outbox=[one.outbox for one in samples] if everything else None,
    )


def _member(row: Node) -> dict[str, Any]:
    return {
        "node_id": str(row.id),
        "region": row.region,
        "name": row.name,
        "joined_at": row.joined_utc,
        "revoked_at": row.revoked_utc,
        "placement": row.placement.value,
        "placement_since": row.placement_utc,
        "placement_reason": row.placement_reason,
        "drain_deadline_at": row.drain_deadline_utc,
    }


def _assessed(found: Assessment, given: GivenHere | None) -> dict[str, Any]:
    noted = given is not None and given.state in _TO_KNOW and found.state is not State.REVOKED
    of_settings = (f"settings-{given.state}",) if noted and given is not None else ()
    why = [(reason, told(reason)) for reason in (*found.reasons, *of_settings)]
    return {
        "state": found.state.value,
        "why": [ReasonOut(reason=reason, text=words.text, fix=words.fix) for reason, words in why],
    }


def _beaten(beat: Heartbeat | None) -> dict[str, Any]:
    """What the last heartbeat says."""
    return {
        "health": None if beat is None else beat.health,
        "reasons": [] if beat is None else list(beat.reasons),
        "refused_commands": {} if beat is None else dict(beat.refused_commands),
        "level": None if beat is None else beat.level,
        "device": None if beat is None else beat.device,
        "models": {} if beat is None else dict(beat.models),
        "rating": None if beat is None else beat.rating,
        "outbox_waiting": None if beat is None else beat.waiting,
        "measures": None if beat is None or beat.measures is None else _measures_out(beat.measures),
    }


def _measures_out(measured: Measures) -> MeasuresOut:
    return MeasuresOut(
        product=measured.product,
        lag_p95_s=measured.lag_p95_s,
        cpu=measured.cpu,
        memory=measured.memory,
        disk_free_bytes=measured.disk_free_bytes,
        clock_offset_s=measured.clock_offset_s,
        certificate_begins_at=measured.certificate_begins_utc,
        certificate_ends_at=measured.certificate_ends_utc,
    )


def _left_out(left: Left) -> LeftOut:
    return LeftOut(waiting=len(left.waiting), running=len(left.running), until=left.until_utc)


def _versions(beat: Heartbeat) -> dict[str, int]:
    known = (one.policy_version for one in beat.sessions if one.policy_version is not None)
    return {str(version): count for version, count in sorted(Counter(known).items())}
