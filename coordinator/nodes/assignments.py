"""Which node held a session when, as values. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

FIRST_EPOCH: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One assignment of a session; see `tables.Assignment`."""

    epoch: int
    node_id: UUID
    from_utc: datetime
    to_utc: datetime | None
    """None: it is the current one."""


def may_keep(current: Held | None, node_id: UUID, epoch: int, settled_utc: datetime) -> bool:
    """Whether a node that names a session under an epoch may go on with it.

    `current`: the session's assignment now; None: the session is over. A heartbeat may have been under way
    while the session was handed over, so a node is left alone until the assignment is older than
    `settled_utc`. An epoch that is not recorded here says that this database is behind, as after a restore:
    what a candidate is watched by is not ended for that.
    """
    if current is None:
        return False
    if node_id == current.node_id or epoch > current.epoch:
        return True
    return current.from_utc >= settled_utc
