"""Decides from heartbeats which nodes can take a session. Pure; time is an argument.

A node that was silent for `MISSING_AFTER_S`, or has just left a command unanswered, gets no new session. Its
running sessions continue: their pages are connected to the node directly.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NoReturn
from uuid import UUID

from coordinator.nodes.admission import Hindrance, all_down, all_full
from coordinator.nodes.history import History
from coordinator.nodes.node_states import LEAST_HEALTH, troubles, wrong_clock
from coordinator.nodes.placements import Placement
from coordinator.nodes.routing import Need, route
from coordinator.nodes.steadiness import Course, heard
from coordinator.nodes.unwatched import unwatched_share
from shared.errors import Corrupt, Unavailable
from shared.events.looks import LOWEST_LEVEL
from shared.messages.heartbeats import MISSING_AFTER_S, Heartbeat

MAX_SKEW: Final = timedelta(minutes=5)
"""The largest difference between a node's clock and this one; a heartbeat beyond it is refused as a repeated
old one."""


_CLOSED: Final = {Placement.CORDONED: Hindrance.CORDONED, Placement.DRAINING: Hindrance.DRAINING}


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
    unwatched_share: float | None = None
    """Of its sessions' time since the heartbeat before; None: not known."""

    def online(self, now: float) -> bool:
        return now - self.heard_at < MISSING_AFTER_S


class Fleet:
    """The last heartbeat of each node."""

    def __init__(self) -> None:
        self._states: dict[UUID, NodeState] = {}
        self._courses: dict[UUID, Course] = {}
        self._placements: Mapping[UUID, Placement] = {}
        """Of every node that is accepted."""
        self.history = History()
        self.listening_since: float | None = None
        """From when on heartbeats were heard, in monotonic seconds."""
        self._unanswering: set[UUID] = set()
        """Nodes that have left a command unanswered and were not heard since."""
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
        share = unwatched_share(last.heartbeat, heartbeat) if known and last is not None else None
        self._states[node_id] = NodeState(heartbeat, now, now_utc, share)
        self._unanswering.discard(node_id)
        self._courses[node_id] = heard(
            self._courses.get(node_id),
            now,
            trouble=bool(troubles(heartbeat, skew.total_seconds(), now_utc)),
            grave=heartbeat.health < LEAST_HEALTH,
        )
        self.history.note(heartbeat, now_utc)
        return last is None or last.heartbeat.boot_id != heartbeat.boot_id

    def miss(self, node_id: UUID) -> None:
        """Note that a node has left a command unanswered: it gets nothing new until it is heard again."""
        self._unanswering.add(node_id)

    def forget(self, node_id: UUID) -> None:
        """Forget a node that is no longer accepted."""
        self._unanswering.discard(node_id)
        self._states.pop(node_id, None)
        self._skews.pop(node_id, None)
        self._courses.pop(node_id, None)
        self.history.forget(node_id)

    def accept(self, placements: Mapping[UUID, Placement]) -> None:
        """Note which nodes are accepted now, and whether they get new sessions."""
        self._placements = dict(placements)

    def known(self) -> set[UUID]:
        """Every accepted node, and every one that was heard."""
        return self._states.keys() | self._placements.keys()

    def is_open(self, node_id: UUID) -> bool:
        """Whether a node gets new sessions."""
        return self._placements.get(node_id, Placement.OPEN) is Placement.OPEN

    def region(self, node_id: UUID) -> str:
        """A node's region as it said last; empty if it was not heard."""
        state = self._states.get(node_id)
        return "" if state is None else state.heartbeat.region

    def degraded(self, node_id: UUID) -> bool:
        """Whether a node counts as degraded."""
        course = self._courses.get(node_id)
        return course is not None and course.degraded

    def silent_s(self, node_id: UUID, now: float) -> float:
        """Since a node's last heartbeat; without one, since this program listens."""
        state = self._states.get(node_id)
        since = self.listening_since if state is None else state.heard_at
        return float("inf") if since is None else now - since

    def skew_s(self, node_id: UUID, now: float) -> float | None:
        """Seconds that a node's clock is ahead of this one, minus the transfer time; None if it was not heard
        lately."""
        skew_s, heard_at = self._skews.get(node_id, (0.0, float("-inf")))
        return skew_s if now - heard_at < MISSING_AFTER_S else None

    def last_skew_s(self, node_id: UUID) -> float | None:
        """The last clock skew of a node, however long ago it was heard; None if it never was."""
        known = self._skews.get(node_id)
        return None if known is None else known[0]

    def skews_s(self, now: float) -> dict[UUID, float]:
        """The clock skew of every node that was heard lately."""
        skews = {node_id: self.skew_s(node_id, now) for node_id in self._skews}
        return {node_id: skew_s for node_id, skew_s in skews.items() if skew_s is not None}

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

    def holder(self, session_id: UUID, now: float) -> UUID | None:
        """The node that is heard and names this session; of two, the one with the later assignment."""
        named = [
            (one.epoch, node.heartbeat.node_id)
            for node in self.online(now)
            for one in node.heartbeat.sessions
            if one.session_id == session_id
        ]
        return max(named)[1] if named else None

    def pick(
        self,
        now: float,
        *,
        region: str | None = None,
        recognisers: Collection[str] = (),
        networks: Collection[str] = (),
        lowest_level: int = LOWEST_LEVEL,
        seat: bool = True,
        full: Collection[UUID] = (),
        without: Collection[UUID] = (),
    ) -> NodeState:
        """The best healthy node for this need (`nodes.routing`).

        `seat`: the node must have room for one more session. `full`: nodes that have refused a session as
        full since their last heartbeat. `without`: nodes that do not count at all. A cordoned or draining
        node gets nothing. Raises `Rejected` ("node-full") if all nodes that could take it are full,
        `Unavailable` ("no-node-online") if there is none, or "clock-skew" if the clocks of all are wrong.
        """
        others = self.known() - {*without}
        hindered = {node_id: self._hindrance(node_id, now, seat, full) for node_id in others}
        fit = [self._states[node_id] for node_id, why in sorted(hindered.items()) if why is None]
        if not fit:
            self._refuse({node_id: why for node_id, why in hindered.items() if why is not None}, now)

        need = Need(region=region, recognisers=recognisers, networks=networks, lowest_level=lowest_level)
        return self._states[route([state.heartbeat for state in fit], need).node_id]

    def _hindrance(self, node_id: UUID, now: float, seat: bool, full: Collection[UUID]) -> Hindrance | None:
        """Why a node cannot take something new; None: it can."""
        state = self._states.get(node_id)
        closed = _CLOSED.get(self._placements.get(node_id, Placement.OPEN))
        if state is None or not state.online(now) or node_id in self._unanswering:
            return Hindrance.MISSING
        beat = state.heartbeat
        if closed is not None:
            return closed
        if wrong_clock(self.skew_s(node_id, now)):
            return Hindrance.WRONG_CLOCK
        if beat.health < LEAST_HEALTH:
            return Hindrance.UNWELL
        return Hindrance.FULL if node_id in full or (seat and beat.load >= beat.rating) else None

    def _refuse(self, hindered: Mapping[UUID, Hindrance], now: float) -> NoReturn:
        """Raise why no node can take it."""
        full = [node_id for node_id, why in hindered.items() if why is Hindrance.FULL]
        if full:
            raise all_full([self._states[node_id].heartbeat for node_id in full], hindered)
        if Hindrance.UNWELL not in hindered.values():
            for node_id in sorted(self._skews):
                if self.is_open(node_id):
                    self.check_clock(node_id, now)
        raise all_down(hindered)
