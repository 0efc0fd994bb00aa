"""Decides from heartbeats which nodes are healthy and which one gets a session. Pure; time is an argument.

A node that was silent for `MISSING_AFTER_S` gets no new session. Its running sessions continue: their pages
are connected to the node directly.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from coordinator.nodes.marks import Lost
from shared.errors import Corrupt, Rejected, Unavailable
from shared.events.looks import LOWEST_LEVEL
from shared.messages.heartbeats import HEARTBEAT_INTERVAL_S, MAX_CLOCK_SKEW_S, MISSING_AFTER_S, Heartbeat

BUSY: Final = 0.7
"""Above this share of its rating a node gets new sessions only if no other can take them."""
LEAST_HEALTH: Final = 3
"""Of 10. A node that feels worse gets nothing new."""
MAX_NAMED: Final = 8
"""The most nodes named in one refusal."""
MAX_LOST: Final = 100
"""The most losses remembered until the sessions have alerts about them; the oldest is forgotten first."""
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
        self._lost: deque[Lost] = deque(maxlen=MAX_LOST)

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

    def forget(self, node_id: UUID) -> None:
        """Forget a node that is no longer accepted."""
        self._states.pop(node_id, None)
        self._skews.pop(node_id, None)

    def skew_s(self, node_id: UUID, now: float) -> float | None:
        """Seconds that a node's clock is ahead of this one, minus the transfer time; None if it was not heard
        lately."""
        skew_s, heard_at = self._skews.get(node_id, (0.0, float("-inf")))
        return skew_s if now - heard_at < MISSING_AFTER_S else None

    def skews_s(self, now: float) -> dict[UUID, float]:
        """The clock skew of every node that was heard lately."""
        skews = {node_id: self.skew_s(node_id, now) for node_id in self._skews}
        return {node_id: skew_s for node_id, skew_s in skews.items() if skew_s is not None}

    def gave_up(self, lost: Lost) -> None:
        """Note alerts of a node that are lost. They are kept until the sessions have alerts about them."""
        self._lost.append(lost)

    def losses(self) -> list[Lost]:
        """The losses that no session has an alert about yet, oldest first."""
        return list(self._lost)

    def lost_told(self, node_id: UUID, told: Collection[Lost]) -> None:
        """Forget these losses of a node, because the sessions have alerts about them now."""
        left = [one for one in self._lost if one.node_id != node_id or one not in told]
        self._lost = deque(left, maxlen=MAX_LOST)

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
        """A node's last heartbeat since this program started; None if there was none."""
        return self._states.get(node_id)

    def online(self, now: float) -> list[NodeState]:
        """Every node that was heard in the last `MISSING_AFTER_S`, in the order of ids."""
        return [s for _, s in sorted(self._states.items()) if s.online(now)]

    def pick(
        self,
        now: float,
        *,
        region: str | None = None,
        recognisers: Collection[str] = (),
        lowest_level: int = LOWEST_LEVEL,
        seat: bool = True,
        full: Collection[UUID] = (),
    ) -> NodeState:
        """The best healthy node.

        `lowest_level`: the lowest that the exam accepts; nodes on it or above are preferred to all others.
        `region`: next, nodes there are preferred, but above `BUSY` a new session goes to another region.
        `recognisers`: those of the candidate's templates; next, nodes that have one of them are preferred,
        because others could not verify the face. `seat`: the node must have room for one more session.
        `full`: nodes that are left out, because they have refused a session as full since their last
        heartbeat. Raises `Unavailable` ("no-node-online") if there is no such node, or "clock-skew" if the
        clocks of all are wrong; `Rejected` ("node-full") if all suitable nodes are full.
        """
        fit = [s for s in self.online(now) if not wrong_clock(self.skew_s(s.heartbeat.node_id, now))]
        if not fit:
            for node_id in sorted(self._skews):
                self.check_clock(node_id, now)
        fit = [s for s in fit if s.heartbeat.health >= LEAST_HEALTH]
        fit = [s for s in fit if not seat or s.heartbeat.load < s.heartbeat.rating]
        if full and all(s.heartbeat.node_id in full for s in fit):
            raise _all_full(self.online(now))
        fit = [s for s in fit if s.heartbeat.node_id not in full]
        if not fit:
            raise Unavailable(
                "no healthy edge node has room now; check that one is running, then try again",
                code="no-node-online",
                retry_after_s=round(HEARTBEAT_INTERVAL_S),
            )

        def rank(state: NodeState) -> tuple[object, ...]:
            return _rank(state.heartbeat, lowest_level, region, recognisers)

        best = min(fit, key=rank)
        calmer = [s for s in fit if _calmer(s.heartbeat, best.heartbeat, recognisers)]
        return min(calmer, key=rank, default=best)


def _all_full(nodes: Iterable[NodeState]) -> Rejected:
    """The refusal when every node is full. It says where to make room and when to try again."""
    beats = [node.heartbeat for node in nodes]
    places = ", ".join(f"{beat.region} {beat.node_id} (limit {beat.rating})" for beat in beats[:MAX_NAMED])
    return Rejected(
        f"every edge node is full: {places}; end a session on one of them or start one more node, and send "
        "this again",
        code="node-full",
        status=503,
        retry_after_s=round(HEARTBEAT_INTERVAL_S),
    )


def wrong_clock(skew_s: float | None) -> bool:
    """Whether a node with this clock skew refuses commands, or may refuse them."""
    return skew_s is not None and abs(skew_s) > MAX_CLOCK_SKEW_S


def _calmer(other: Heartbeat, best: Heartbeat, recognisers: Collection[str]) -> bool:
    """Whether another node takes a session from the best one, because that is busy, and watches as well."""
    return (
        best.load > BUSY * best.rating
        and other.load <= BUSY * other.rating
        and other.level <= best.level
        and _lacks(other, recognisers) <= _lacks(best, recognisers)
    )


def _lacks(heartbeat: Heartbeat, recognisers: Collection[str]) -> bool:
    return bool(recognisers) and not set(recognisers) & set(heartbeat.recognisers)


def _rank(
    heartbeat: Heartbeat, lowest_level: int, region: str | None, recognisers: Collection[str]
) -> tuple[object, ...]:
    return (
        heartbeat.level > lowest_level,
        region is not None and heartbeat.region != region,
        _lacks(heartbeat, recognisers),
        heartbeat.level,
        heartbeat.load / max(1, heartbeat.rating),
        -heartbeat.health,
        heartbeat.node_id,
    )
