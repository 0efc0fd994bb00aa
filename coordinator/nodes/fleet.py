"""Which nodes are well, as their heartbeats tell. Decides only; time is an argument.

A node that was silent for `MISSING_AFTER_S` gets no new session; running ones are its own and the page's
affair (DESIGN 5).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from shared.errors import Corrupt, Unavailable
from shared.messages import HEARTBEAT_INTERVAL_S, MISSING_AFTER_S, Heartbeat

LEAST_HEALTH: Final = 3
"""Of 10. A node that feels worse gets nothing new."""
MAX_SKEW: Final = timedelta(minutes=5)
"""Between a node's clock and ours; a heartbeat from further away is an old one played again."""


@dataclass(frozen=True, slots=True)
class NodeState:
    """The last word of one node."""

    heartbeat: Heartbeat
    heard_at: float
    """Monotonic seconds."""
    heard_utc: datetime

    def online(self, now: float) -> bool:
        return now - self.heard_at < MISSING_AFTER_S


class Fleet:
    """The last heartbeat of each node."""

    def __init__(self) -> None:
        self._states: dict[UUID, NodeState] = {}

    def hear(self, heartbeat: Heartbeat, now: float, now_utc: datetime) -> None:
        """Take in an authentic heartbeat. Raises `Corrupt` for one that is old or older than the last."""
        if abs(heartbeat.sent_utc - now_utc) > MAX_SKEW:
            raise Corrupt("a heartbeat is from another time; is the node's clock right?")
        last = self._states.get(heartbeat.node_id)
        if last is not None and heartbeat.sent_utc <= last.heartbeat.sent_utc and last.online(now):
            raise Corrupt("a heartbeat is older than the last one")
        self._states[heartbeat.node_id] = NodeState(heartbeat, now, now_utc)

    def state(self, node_id: UUID) -> NodeState | None:
        """The last word of a node since this program's start; None: it has not spoken."""
        return self._states.get(node_id)

    def online(self, now: float) -> list[NodeState]:
        """Every node that is not missing, in the order of ids."""
        return [s for _, s in sorted(self._states.items()) if s.online(now)]

    def pick(
        self, now: float, *, region: str | None = None, recognisers: Collection[str] = (), seat: bool = True
    ) -> NodeState:
        """The best healthy node.

        `recognisers`: of the candidate's templates; a node that has one of them goes before one that has none
        and could not verify. `region` goes before that, when a node stands there. `seat`: it must have
        room for one more session. Raises `Unavailable` ("no-node-online") when there is none.
        """
        fit = [s for s in self.online(now) if s.heartbeat.health >= LEAST_HEALTH]
        fit = [s for s in fit if not seat or s.heartbeat.load < s.heartbeat.rating]
        if not fit:
            raise Unavailable(
                "no edge node has room now; see that one is running, then try again",
                code="no-node-online",
                retry_after_s=round(HEARTBEAT_INTERVAL_S),
            )
        return min(fit, key=lambda state: _rank(state.heartbeat, region, recognisers))


def _rank(heartbeat: Heartbeat, region: str | None, recognisers: Collection[str]) -> tuple[object, ...]:
    return (
        region is not None and heartbeat.region != region,
        bool(recognisers) and not set(recognisers) & set(heartbeat.recognisers),
        heartbeat.level,
        heartbeat.load / max(1, heartbeat.rating),
        -heartbeat.health,
        heartbeat.node_id,
    )
