"""Takes orders for the node's settings, puts them in force, and takes back those that do harm.

A restart is the daemon's orderly end; whoever supervises it starts it again. It waits until the node had no
session for a while although the coordinator was heard. While an order is tried after a restart, the node
takes no session.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from time import monotonic
from typing import Final

from edge.config import EdgeConfig
from edge.desired import course
from edge.desired.beginning import Begun
from edge.desired.course import KeptOrders
from edge.desired.kept import write_kept
from edge.desired.overlay import needs_restart, overlaid
from edge.desired.probation import OTHER_NETWORK, Probation, Verdict, observe
from edge.desired.weights import check_weights
from edge.fleet.assignments import Assignments
from edge.fleet.health import Health
from edge.fleet.rating_file import foreseen
from edge.sessions.port import WorkerReport
from models.store import Store
from shared.errors import ConfigError, Rejected, Unavailable
from shared.messages.desired import Configured, Desired, DesiredReport
from shared.seldom import Seldom

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 1.0
EMPTY_FOR_S: Final = 15.0
"""A daemon that has just started has no session, although its candidates wait for it: the coordinator starts
their sessions again within seconds of hearing it."""


class Configuring:
    """The node's settings while it runs. Use on one event loop."""

    def __init__(
        self,
        begun: Begun,
        assignments: Assignments,
        admitted: Callable[[EdgeConfig], int],
        hears: Callable[[], bool],
        store: Callable[[], Store] = Store.here,
    ) -> None:
        """`admitted`: the most sessions of this host under such settings. `hears`: whether the coordinator
        speaks to this node at present."""
        self._own = begun.own
        self._running = begun.running
        self._kept = begun.kept
        self._assignments = assignments
        self._admitted = admitted
        self._hears = hears
        self._store = store
        self._at_start = foreseen(begun.running)
        self._trial = Probation(monotonic())
        self._empty_since_s: float | None = None
        self._wrong: tuple[str, ...] = ()
        """What was wrong with the node at the last look."""
        self._turn = asyncio.Lock()
        self._complaints = Seldom()
        self._put_in_force()

    @property
    def report(self) -> DesiredReport:
        """What heartbeats say of the last order."""
        return course.report(self._kept)

    async def configure(self, order: Desired) -> Configured:
        """Note an order. What was noted already changes nothing.

        Raises `Unavailable` while another one is on trial: it is sent again until it is reported.
        """
        async with self._turn:
            told = self._kept.told
            if told == order:
                return Configured(version=order.version)
            if told is not None and self._kept.standing == "trial":
                raise Unavailable(f"version {told.version} is on trial; send this again in a moment")
            try:
                wanted = overlaid(self._own, order)
                await asyncio.to_thread(check_weights, order.weights, self._store(), wanted.analysis.profile)
            except Rejected as error:
                self._keep(course.refused(self._kept, order, str(error)))
            else:
                self._take(order, wanted)
            return Configured(version=order.version)

    async def run(
        self,
        health: Callable[[], Awaitable[Health]],
        report: Callable[[], Awaitable[WorkerReport]],
        restart: Callable[[], None],
    ) -> None:
        """Look after the last order until cancelled. `restart` ends the daemon, so that it starts again."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                reasons = (await health()).reasons
                self.look(reasons, (await report()).models, monotonic(), restart)
            except Unavailable:
                pass  # the worker says nothing just now
            except ConfigError as error:
                if count := self._complaints.count("write", monotonic()):
                    log.error("settings cannot be noted", extra={"reason": str(error), "count": count})

    def look(
        self,
        reasons: Collection[str],
        models: Mapping[str, str],
        now_s: float,
        restart: Callable[[], None],
    ) -> None:
        """Judge an order on trial, and restart if that is due and the node is empty. `reasons`: what is wrong
        with the node; `models`: the networks that serve."""
        self._wrong = tuple(sorted(reasons))
        if self._kept.standing == "trial":
            self._judge((*reasons, *self._other_network(models)), now_s)
        if not (self._restart_due and self._is_empty):
            self._empty_since_s = None
        elif self._empty_since_s is None:
            self._empty_since_s = now_s
        elif now_s - self._empty_since_s >= EMPTY_FOR_S:
            self._keep(course.restarting(self._kept))
            restart()

    @property
    def _is_empty(self) -> bool:
        """Whether no session is here, nor on its way: one that ran before this start comes only from a
        coordinator."""
        return not len(self._assignments.roster) and not self._assignments.watched and self._hears()

    def _take(self, order: Desired, wanted: EdgeConfig) -> None:
        if needs_restart(self._running, wanted) or foreseen(wanted) > self._at_start:
            self._keep(course.waiting(self._kept, order, self._wrong))
            return
        self._keep(course.on_trial(self._kept, order, self._wrong))
        self._trial = Probation(monotonic())
        self._put_in_force()

    def _judge(self, reasons: Collection[str], now_s: float) -> None:
        self._trial, verdict = observe(self._trial, reasons, self._kept.before, now_s)
        if verdict is Verdict.OPEN:
            return
        wrong = ", ".join(self._trial.wrong)
        good = verdict is Verdict.PROVED
        self._keep(
            course.proved(self._kept)
            if good
            else course.rolled_back(self._kept, f"the node was not well with it: {wrong}")
        )
        self._put_in_force()

    @property
    def _restart_due(self) -> bool:
        if self._kept.standing == "rolled-back":
            return needs_restart(self._running, self._counting())
        return self._kept.standing == "pending"

    def _counting(self) -> EdgeConfig:
        return overlaid(self._own, course.in_force(self._kept))

    def _put_in_force(self) -> None:
        """What counts at once. A node that is tried, or must leave what did no good, takes no session."""
        counting = self._counting()
        tried = self._kept.standing == "trial" and self._kept.restarted
        closed = tried or (self._kept.standing == "rolled-back" and self._restart_due)
        self._assignments.roster.rating = 0 if closed else self._admitted(counting)
        self._assignments.join_window_s = counting.analysis.join_window_s

    def _other_network(self, models: Mapping[str, str]) -> tuple[str, ...]:
        wanted = set() if self._kept.told is None else set(self._kept.told.weights.values())
        return () if wanted <= set(models.values()) else (OTHER_NETWORK,)

    def _keep(self, kept: KeptOrders) -> None:
        if kept == self._kept:
            return
        write_kept(self._own.data_folder, kept)
        self._kept = kept
        said = course.report(kept)
        log.info(
            "settings of the coordinator",
            extra={"version": said.version, "status": said.standing, "reason": said.reason},
        )
