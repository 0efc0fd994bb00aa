"""Decides from heartbeats which nodes are healthy and which one gets a session. Pure; time is an argument.

A node that was silent for `MISSING_AFTER_S` gets no new session. Its running sessions continue: their pages
are connected to the node directly.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from shared.errors import Corrupt, Unavailable
from shared.messages.heartbeats import HEARTBEAT_INTERVAL_S, MAX_CLOCK_SKEW_S, MISSING_AFTER_S, Heartbeat

LEAST_HEALTH: Final = 3
"""Of 10. A node that feels worse gets nothing new."""
MAX_SKEW: Final = timedelta(minutes=5)
"""The largest difference between a node's clock and this one; a heartbeat beyond it is refused as a repeated
old one."""


class WrongClock(Corrupt):
    """A signed heartbeat with a wrong time: an old one sent again, or one from a node whose clock is
    wrong."""

    def __init__(self, node_id: UUID) -> None:
        super().__init__("a heartbeat has a wrong time; check the node's clock")
        self.node_id = node_id


@dataclass(frozen=True, slots=True)
class NodeState:
    """The last heartbeat of one node."""

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
        self._skews: dict[UUID, tuple[float, float]] = {}
        """Seconds that a node's clock is ahead of ours, and the monotonic time it was heard."""

    def hear(self, heartbeat: Heartbeat, now: float, now_utc: datetime) -> bool:
        """Note a signed heartbeat. Returns True for the first one since the node's daemon started.

        Raises `WrongClock` for a wrong time, `Corrupt` for a heartbeat older than the last one.
        """
        node_id, skew = heartbeat.node_id, heartbeat.sent_utc - now_utc
        last = self._states.get(node_id)
        known = last is not None and last.online(now)
        if abs(skew) > MAX_SKEW:
            if not known:  # otherwise it is an old heartbeat, sent again
                self._skews[node_id] = (skew.total_seconds(), now)
            raise WrongClock(node_id)
        if known and last is not None and heartbeat.sent_utc <= last.heartbeat.sent_utc:
            raise Corrupt("a heartbeat is older than the last one")
        self._skews[node_id] = (skew.total_seconds(), now)
        self._states[node_id] = NodeState(heartbeat, now, now_utc)
        return last is None or last.heartbeat.boot_id != heartbeat.boot_id

    def skew_s(self, node_id: UUID, now: float) -> float | None:
        """Seconds that a node's clock is ahead of this one, minus the transfer time; None if it was not heard
        lately."""
        skew_s, heard_at = self._skews.get(node_id, (0.0, float("-inf")))
        return skew_s if now - heard_at < MISSING_AFTER_S else None

    def check_clock(self, node_id: UUID, now: float) -> None:
        """Check that a node's clock is right. Raises `Unavailable` ("clock-skew") if the node would refuse
        commands as too old."""
        skew_s = self.skew_s(node_id, now)
        if wrong_clock(skew_s):
            raise Unavailable(
                f"the clock of edge node {node_id} is {skew_s:+.0f} s from the coordinator's, so it refuses "
                "every command; set both clocks, by NTP, and try again",
                code="clock-skew",
                retry_after_s=round(MISSING_AFTER_S),
            )

    def state(self, node_id: UUID) -> NodeState | None:
        """A node's last heartbeat since this program's start; None without one."""
        return self._states.get(node_id)

    def online(self, now: float) -> list[NodeState]:
        """Every node that was heard in the last `MISSING_AFTER_S`, in the order of ids."""
        return [s for _, s in sorted(self._states.items()) if s.online(now)]

    def pick(
        self, now: float, *, region: str | None = None, recognisers: Collection[str] = (), seat: bool = True
    ) -> NodeState:
        """The best healthy node.

        `region`: nodes there are preferred. `recognisers`: those of the candidate's templates; next, nodes
        that have one of them are preferred, because others could not verify the face. `seat`: the node must
        have room for one more session. Raises `Unavailable` ("no-node-online") when there is none, or
        "clock-skew" when the clocks of all are wrong.
        """
        fit = [s for s in self.online(now) if not wrong_clock(self.skew_s(s.heartbeat.node_id, now))]
        if not fit:
            for node_id in sorted(self._skews):
                self.check_clock(node_id, now)
        fit = [s for s in fit if s.heartbeat.health >= LEAST_HEALTH]
        fit = [s for s in fit if not seat or s.heartbeat.load < s.heartbeat.rating]
        if not fit:
            raise Unavailable(
                "no healthy edge node has room now; check that one is running, then try again",
                code="no-node-online",
                retry_after_s=round(HEARTBEAT_INTERVAL_S),
            )
        return min(fit, key=lambda state: _rank(state.heartbeat, region, recognisers))


def wrong_clock(skew_s: float | None) -> bool:
    """Whether a node with this clock skew refuses commands, or may refuse them."""
    return skew_s is not None and abs(skew_s) > MAX_CLOCK_SKEW_S


def _rank(heartbeat: Heartbeat, region: str | None, recognisers: Collection[str]) -> tuple[object, ...]:
    return (
        region is not None and heartbeat.region != region,
        bool(recognisers) and not set(recognisers) & set(heartbeat.recognisers),
        heartbeat.level,
        heartbeat.load / max(1, heartbeat.rating),
        -heartbeat.health,
        heartbeat.node_id,
    )
