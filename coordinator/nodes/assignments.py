"""Defines which node held a session when, as values. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

FIRST_EPOCH: Final = 1


class Because(StrEnum):
    """Why a session came to its node."""

    STARTED = "started"
    SILENT = "silent"
    """Its former node did not answer, and its page was without media."""
    ASKED = "asked"
    """Its page could not reach the former node, which answered."""
    DRAINED = "drained"
    """Its former node was to be emptied."""
    REVOKED = "revoked"
    """Its former node was revoked for ever."""
    LOW = "low-level"
    """Its former node looked less often than its exam accepts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One assignment of a session, as in `tables.Assignment`."""

    epoch: int
    node_id: UUID
    from_utc: datetime
    to_utc: datetime | None
    """None for the current assignment."""


def may_keep(current: Held | None, node_id: UUID, epoch: int, settled_utc: datetime) -> bool:
    """Whether a node whose heartbeat names a session under an epoch may continue with it.

    `current`: the session's assignment now; None: the session is over. A heartbeat may have been sent before
    the session was handed over, so the node may continue until the assignment is older than `settled_utc`. An
    epoch that is not recorded here means that this database is older, as after a restore; that is no reason
    to stop watching a candidate.
    """
    if current is None:
        return False
    if node_id == current.node_id or epoch > current.epoch:
        return True
    return current.from_utc >= settled_utc
