"""How one node is told to a person: a line in a list, or everything that is known of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from pydantic import BaseModel

from shared.api.nodes import LeftOut, MeasuresOut, NodeOut

BRIEF_COLUMNS: Final = ("node_id", "state", "load", "health", "region", "name")
"""Of `Brief`, for 80 characters."""


class Brief(BaseModel):
    """A node in one line."""

    node_id: str
    state: str
    load: str
    """Sessions of how many places."""
    health: int | None
    level: int | None
    region: str
    name: str | None
    reasons: list[str]
    outbox_waiting: int | None


def brief(node: NodeOut) -> Brief:
    """The line of a node."""
    return Brief(
        node_id=node.node_id,
        state=node.state,
        load="" if node.rating is None else f"{node.sessions}/{node.rating}",
        health=node.health,
        level=node.level,
        region=node.region,
        name=node.name,
        reasons=[one.reason for one in node.why],
        outbox_waiting=node.outbox_waiting,
    )


def lines_of(node: NodeOut, now_utc: datetime) -> list[tuple[str, str]]:
    """Everything that a person wants to know of a node, as names and texts; what is unknown is left out."""
    return [(name, text) for name, text in _lines(node, now_utc) if text]


def left_text(left: LeftOut) -> str:
    """What a node that gets no new sessions still has."""
    count = left.waiting + left.running
    if left.until is None:
        return "nothing: the node is empty"
    named = f"{count} session{'' if count == 1 else 's'}: {left.running} in their exam"
    return f"{named}, {left.waiting} before it; the last ends by {_instant(left.until)}"


def _lines(node: NodeOut, now_utc: datetime) -> Iterator[tuple[str, str]]:
    yield "node id", node.node_id
    yield "name", node.name or ""
    yield "region", node.region
    yield "state", node.state
    for one in node.why:
        yield "why", one.text
        yield "to do", one.fix
    yield "said", node.placement_reason or ""
    yield "since", "" if node.placement_since is None else _instant(node.placement_since)
    yield "deadline", "" if node.drain_deadline_at is None else _instant(node.drain_deadline_at)
    yield "left", "" if node.left is None else left_text(node.left)
    if node.settings is not None and node.settings.state != "none":
        yield "settings", f"version {node.settings.version}: {node.settings.state}"
        yield "", node.settings.reason
    yield "load", "" if node.rating is None else f"{node.sessions} of {node.rating} sessions"
    yield "health", "" if node.health is None else f"{node.health} of 10"
    yield "level", "" if node.level is None else f"L{node.level} on {node.device}"
    yield "outbox", "" if node.outbox_waiting is None else f"{node.outbox_waiting} alerts wait"
    if node.measures is not None:
        yield from _measured(node.measures, now_utc)
    yield "models", ", ".join(f"{task} {name}" for task, name in sorted(node.models.items()))
    yield "policies", ", ".join(f"version {each}: {n}" for each, n in sorted(node.policy_versions.items()))
    yield "refused", ", ".join(f"{n} {reason}" for reason, n in sorted(node.refused_commands.items()))
    yield "last seen", "never" if node.last_seen_at is None else _instant(node.last_seen_at)
    yield "joined", "" if node.joined_at is None else _instant(node.joined_at)
    yield "revoked", "" if node.revoked_at is None else _instant(node.revoked_at)


def _measured(seen: MeasuresOut, now_utc: datetime) -> Iterator[tuple[str, str]]:
    yield "program", seen.product or ""
    yield "lag p95", "" if seen.lag_p95_s is None else f"{seen.lag_p95_s * 1000:.0f} ms"
    yield "cpu", "" if seen.cpu is None else f"{seen.cpu:.0%}"
    yield "memory", "" if seen.memory is None else f"{seen.memory:.0%}"
    yield "disk free", "" if seen.disk_free_bytes is None else f"{seen.disk_free_bytes / 2**30:.1f} GiB"
    yield "clock", "" if seen.clock_offset_s is None else f"{seen.clock_offset_s:+.1f} s to the coordinator's"
    if seen.certificate_begins_at is not None and seen.certificate_ends_at is not None:
        age_h = (now_utc - seen.certificate_begins_at).total_seconds() / 3600
        left_h = (seen.certificate_ends_at - now_utc).total_seconds() / 3600
        yield "certificate", f"{age_h:.1f} h old, {left_h:.1f} h left"


def _instant(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
