"""Workers as processes of their own: real processes and sockets, a camera that the test describes."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest

from edge.analysis.measured import Looked, Measured
from edge.fleet.actions import NodeActions
from edge.fleet.assignments import Assignments
from edge.judging.alerts import AlertRevision
from edge.media.admission import Seat
from edge.media.negotiation import PeerSettings
from edge.sessions.assignment import Assignment
from edge.sessions.port import assignment_of
from edge.sessions.roster import Roster
from edge.sessions.seat import Door
from edge.workers.crew import Crew, open_crew
from edge.workers.settings import WorkerSettings
from models.manifest import Profile
from shared.errors import ConfigError, ProctorError, Rejected, Unavailable
from shared.events.types import EventType
from shared.messages.heartbeats import SessionState
from shared.messages.sessions import EndSession, StartSession
from shared.messages.versions import Tally
from shared.policy.terms import ENROLLMENT_GATE
from shared.unwatched import Kind
from tests.support.eventually import PATIENCE_S, cancelled, until
from tests.support.orders import session_token
from tests.support.session_stage import TOKEN_KEY, Disk, config, order, quick, unconfigured
from tests.support.worker_program import GONE, HANGS_ONCE, REFUSED_REGION

log = logging.getLogger(__name__)

pytestmark = [pytest.mark.realtime, pytest.mark.xdist_group("realtime")]

PROGRAM: Final = (sys.executable, "-m", "tests.support.worker_program")
SETTINGS: Final = WorkerSettings(
    node_id=uuid4(), region="test", level=1, profile=Profile.OPEN, threads=1, peer=PeerSettings()
)
POLICY: Final = quick(ANALYSIS_DEGRADED={"hold_s": 1, "clear_s": 0.2}).model_copy(
    update={"blocked_luma_variance": 0.0}  # the camera's pictures are even
)
ABSENT: Final = EventType.FACE_NOT_FOUND
RATING: Final = 8


@dataclass
class Page:
    """A candidate's page that connects again when it is told to; it shows `scene`."""

    order: StartSession
    scene: str
    seat: Seat | None = None
    connections: int = 0
    lost: list[str] = field(default_factory=list)
    """Why it had to connect again."""

    async def live(self, door: Door) -> None:
        """Connect, and connect again, until the session is over."""
        while True:
            try:
                self.seat = await door.connect(
                    self.order.session_id, session_token(TOKEN_KEY, self.order.session_id)
                )
                await self.seat.answer(self.scene)
                self.connections += 1
                async for _ in self.seat.notices():
                    pass
                return
            except Unavailable as error:
                self.lost.append(error.code)
                await asyncio.sleep(0.1)
            except Rejected:
                return

    async def show(self, scene: str) -> None:
        """Another scene from now on."""
        self.scene = scene
        assert self.seat is not None
        await self.seat.answer(scene)


@dataclass
class Node:
    """The control side of a node over a crew."""

    workers: Crew
    actions: NodeActions
    door: Door
    assignments: Assignments
    disk: Disk
    calls: list[Measured | Looked]
    living: list[asyncio.Task[None]] = field(default_factory=list)

    async def started(self, **changes: Any) -> StartSession:
        one = order(policy=POLICY, **changes)
        await self.actions.start(one)
        return one

    async def page(self, one: StartSession, scene: str) -> Page:
        """A page that is connected, whose pictures are looked at."""
        page = Page(one, scene)
        self.living.append(asyncio.create_task(page.live(self.door)))

        async def looked_at() -> bool:
            return (await self.state(one)).frames_processed > 0

        await until(looked_at, "a look")
        return page

    async def state(self, one: StartSession) -> SessionState:
        report = await self.workers.report()
        return next(each for each in report.sessions if each.session_id == one.session_id)

    def raised(self, one: StartSession, event: EventType, revision: int = 1) -> list[AlertRevision]:
        both = zip(self.disk.kept, self.disk.addressed, strict=True)
        return [
            kept
            for kept, envelope in both
            if (kept.alert.event_type, kept.revision, envelope.session_id)
            == (event, revision, one.session_id)
        ]

    def pid_with(self, sessions: int) -> int:
        """The process that has so many sessions."""
        return next(one.pid for one in self.workers.statuses() if one.sessions == sessions and one.pid)

    async def end(self, *orders: StartSession) -> None:
        for one in orders:
            answer = await self.actions.end(EndSession(session_id=one.session_id, submitted=True))
            assert answer.was_running


@asynccontextmanager
async def node(count: int) -> AsyncIterator[Node]:
    disk, calls = Disk(), list[Measured | Looked]()
    roster: Roster[Assignment] = Roster(RATING)
    assignments = Assignments(roster, disk.commit, calls.append, 900.0)
    async with open_crew(count, SETTINGS, assignments.hear, program=PROGRAM) as workers:
        await until(lambda: all(one.running for one in workers.statuses()), "every worker")
        settings = config(RATING)
        actions = NodeActions(settings, assignments, workers, unconfigured(settings, assignments))
        made = Node(workers, actions, Door(roster, workers), assignments, disk, calls)
        try:
            yield made
        finally:
            await actions.close()
            await cancelled(*made.living)


def play(story: Callable[[Node], Awaitable[None]], *, count: int) -> None:
    async def run() -> None:
        async with node(count) as world:
            await story(world)

    asyncio.run(run())


def test_sessions_are_spread_and_their_alerts_reach_the_disk_until_they_end() -> None:
    async def story(world: Node) -> None:
        orders = [await world.started() for _ in range(4)]
        assert [one.sessions for one in world.workers.statuses()] == [2, 2]
        for one in orders:
            await world.page(one, "nobody")
        await until(lambda: all(world.raised(one, ABSENT) for one in orders), "an absence of each")
        assert (await world.state(orders[0])).alerts_triggered == 1
        await world.end(*orders)
        for one in orders:
            [first], [last] = world.raised(one, ABSENT), world.raised(one, ABSENT, 2)
            assert first.alert.event_id == last.alert.event_id
            assert first.pictures[0].jpeg.startswith(b"\xff\xd8")
        assert [one.sessions for one in world.workers.statuses()] == [0, 0]
        with pytest.raises(Rejected):
            await world.workers.verify(assignment_of(orders[0]), None)

    play(story, count=2)


def test_enrollment_and_levels_reach_every_worker() -> None:
    async def story(world: Node) -> None:
        with pytest.raises(Rejected) as refused:
            await world.actions.enroll(b"GIF89a", ENROLLMENT_GATE)
        assert refused.value.status == 422
        one, other = await world.started(), await world.started()
        await world.workers.set_level(3)
        for each in (one, other):
            await world.page(each, "nobody")
            await until(lambda each=each: world.raised(each, ABSENT) != [], "an absence")  # type: ignore[misc]
            assert world.raised(each, ABSENT)[0].alert.metadata.degradation_level == 3
        assert (await world.workers.report()).level == 3

    play(story, count=2)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP])
@pytest.mark.parametrize("count", [1, 2])
def test_sessions_of_a_worker_that_ends_or_hangs_go_on_from_their_last_state(
    end: signal.Signals, count: int
) -> None:
    async def story(world: Node) -> None:
        orders = [await world.started() for _ in range(2 * count)]
        pages = [await world.page(one, "nobody") for one in orders]
        await until(lambda: all(world.raised(one, ABSENT) for one in orders), "an absence of each")
        before = {one.session_id: await world.state(one) for one in orders}
        ended_at = time.monotonic()
        os.kill(world.pid_with(2), end)
        moved = await _moved(world, orders, pages)
        took_s = time.monotonic() - ended_at
        log.warning("%s, %d workers: %d sessions resumed in %.2f s", end.name, count, len(moved), took_s)
        assert len(moved) >= 2
        for one, page in zip(orders, pages, strict=True):
            state = await world.state(one)
            assert state.alerts_triggered >= before[one.session_id].alerts_triggered
            assert state.frames_processed >= before[one.session_id].frames_processed
            if one in moved:
                assert page.lost
                if end == signal.SIGSTOP:
                    # A hang is seen after seconds. What goes on within a second, as after a kill it may,
                    # was watched all the time, and there is nothing to tell.
                    assert state.unwatched_s is not None
                    assert state.unwatched_s[Kind.FACE] > 0
                    await until(
                        lambda one=one: world.raised(one, EventType.ANALYSIS_DEGRADED),  # type: ignore[misc]
                        "the event that says so",
                    )
            assert world.raised(one, ABSENT, 2) == []
            await page.show("somebody")
            await until(lambda one=one: world.raised(one, ABSENT, 2), "its end")  # type: ignore[misc]
            [first], [last] = world.raised(one, ABSENT), world.raised(one, ABSENT, 2)
            assert first.alert.event_id == last.alert.event_id
            assert (first.alert.onset, first.alert.raised) == (last.alert.onset, last.alert.raised)
        await world.end(*orders)
        told = Counter((kept.alert.event_id, kept.revision) for kept in world.disk.kept)
        assert set(told.values()) == {1}

    play(story, count=count)


async def _moved(world: Node, orders: list[StartSession], pages: list[Page]) -> list[StartSession]:
    """The sessions whose page had to connect again, as soon as their pictures are looked at again."""

    def connected_again() -> list[StartSession]:
        both = zip(orders, pages, strict=True)
        return [one for one, page in both if page.connections > 1]

    await until(lambda: len(connected_again()) >= 2, "pages that connect again")
    moved = connected_again()
    for one in moved:
        looked_at = (await world.state(one)).frames_processed

        async def looks(one: StartSession = one, before: int = looked_at) -> bool:
            return (await world.state(one)).frames_processed > before

        await until(looks, "a look in the other process")
    return moved


def test_workers_compare_another_version_and_what_one_has_counted_outlives_it() -> None:
    """The other version sees nobody."""

    async def story(world: Node) -> None:
        shadow = {"face-detection": "other@2"}
        orders = [await world.started(shadow=shadow) for _ in range(2)]
        pages = [await world.page(one, "somebody") for one in orders]

        async def counted(one: StartSession, times: int) -> bool:
            state = await world.state(one)
            assert state.shadow == shadow
            return state.compared.get(ABSENT, Tally()) == Tally(only_new=times)

        for one in orders:
            await until(lambda one=one: counted(one, 1), "what only the other version finds")  # type: ignore[misc]
        os.kill(world.pid_with(1), signal.SIGKILL)
        await until(lambda: [one.ends for one in world.workers.statuses()].count(1) == 1, "the end")
        await until(lambda: any(page.connections > 1 for page in pages), "a page connects again")
        moved, stays = sorted(orders, key=lambda one: pages[orders.index(one)].connections, reverse=True)
        assert await counted(moved, 1)
        await until(lambda: counted(moved, 2), "what it finds in the other process")
        assert await counted(stays, 1)
        assert not world.raised(moved, ABSENT)

    play(story, count=2)


def test_a_worker_looks_with_the_version_of_an_order_and_refuses_one_that_it_cannot_open() -> None:
    async def story(world: Node) -> None:
        one = await world.started(networks={"face-detection": "other@2"})
        assert (await world.state(one)).networks == one.networks
        with pytest.raises(Unavailable) as refused:
            await world.started(networks={"face-detection": GONE})
        assert refused.value.code == "version-away"
        await world.actions.change(one.model_copy(update={"networks": {}}))
        assert (await world.state(one)).networks == {}

    play(story, count=1)


def test_a_session_that_is_ended_while_it_moves_closes_its_events_and_ends() -> None:
    async def story(world: Node) -> None:
        one = await world.started()
        await world.page(one, "nobody")
        await until(lambda: world.raised(one, ABSENT), "the absence")
        os.kill(world.pid_with(1), signal.SIGKILL)
        await until(lambda: [one.ends for one in world.workers.statuses()] == [1], "the end")
        [between] = (await world.workers.report()).sessions
        assert (between.session_id, between.phase) == (one.session_id, "silent")
        ending = asyncio.create_task(world.end(one))
        await until(lambda: world.raised(one, ABSENT, 2), "the absence's end")
        await ending
        await until(lambda: not world.assignments.watched, "the session's end")
        [first], [last] = world.raised(one, ABSENT), world.raised(one, ABSENT, 2)
        assert first.alert.event_id == last.alert.event_id

    play(story, count=1)


def test_a_session_that_is_ended_while_a_worker_starts_it_ends() -> None:
    async def story(world: Node) -> None:
        one = order(policy=POLICY)
        starting = asyncio.create_task(world.actions.start(one))
        await asyncio.sleep(0)
        assert [each.id for each in world.assignments.watched] == [assignment_of(one)]
        await world.workers.end(assignment_of(one))
        await starting
        await until(lambda: not world.assignments.watched, "the session's end")

    play(story, count=1)


def test_a_worker_that_an_offer_ends_refuses_it_and_starts_again() -> None:
    async def story(world: Node) -> None:
        one = await world.started()
        seat = await world.door.connect(one.session_id, session_token(TOKEN_KEY, one.session_id))
        with pytest.raises(Unavailable):
            await seat.answer("die")
        await until(lambda: [one.ends for one in world.workers.statuses()] == [1], "the end")
        await until(lambda: all(one.running for one in world.workers.statuses()), "the next process")
        await world.page(one, "nobody")
        await until(lambda: world.raised(one, ABSENT), "the absence")

    play(story, count=1)


def test_a_paused_session_stays_paused_in_another_process() -> None:
    async def story(world: Node) -> None:
        one = await world.started()
        await world.page(one, "nobody")
        await until(lambda: world.raised(one, ABSENT), "the absence")
        await world.actions.change(one.model_copy(update={"paused": True}))
        await until(lambda: world.raised(one, ABSENT, 2), "its end at the pause")
        looked_at = (await world.state(one)).frames_processed
        os.kill(world.pid_with(1), signal.SIGKILL)
        await until(lambda: world.workers.statuses()[0].ends == 1, "the end")

        async def paused_again() -> bool:
            status = world.workers.statuses()[0]
            return status.sessions == 1 and (await world.state(one)).phase == "paused"

        await until(paused_again, "the session in the next process")
        assert (await world.state(one)).frames_processed == looked_at
        await world.actions.change(one)
        await until(lambda: len(world.raised(one, ABSENT)) == 2, "another absence")

    play(story, count=1)


def test_settings_that_cannot_be_used_are_told_at_once() -> None:
    async def run() -> None:
        with pytest.raises(ConfigError, match="nothing to look with"):
            async with open_crew(2, _refused(), lambda _: None, program=PROGRAM):
                pytest.fail("no worker can be ready")

    asyncio.run(run())


def test_a_worker_that_hangs_as_soon_as_it_is_ready_is_spawned_again(tmp_path: Path) -> None:
    known = tmp_path / "spawned"

    async def run() -> None:
        settings = replace(SETTINGS, region=f"{HANGS_ONCE}{known}")
        async with (
            asyncio.timeout(PATIENCE_S),
            open_crew(1, settings, lambda _: None, program=PROGRAM) as crew,
        ):
            assert known.exists()
            [status] = crew.statuses()
            assert (status.running, status.ends) == (True, 1)

    asyncio.run(run())


def test_workers_end_with_the_node() -> None:
    pids: list[int] = []

    async def story(world: Node) -> None:
        pids.extend(status.pid for status in world.workers.statuses() if status.pid is not None)

    play(story, count=2)
    assert len(pids) == 2
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_node_whose_only_worker_is_away_refuses_and_says_so() -> None:
    async def story(world: Node) -> None:
        os.kill(world.pid_with(0), signal.SIGKILL)
        await until(lambda: not world.workers.statuses()[0].running, "its end")
        with pytest.raises(ProctorError):
            await world.actions.enroll(b"", ENROLLMENT_GATE)
        report = await world.workers.report()
        assert (report.analysis_works, report.level) == (False, 1)
        await until(lambda: world.workers.statuses()[0].running, "the next process")

    play(story, count=1)


def _refused() -> WorkerSettings:
    return WorkerSettings(
        node_id=uuid4(),
        region=REFUSED_REGION,
        level=1,
        profile=Profile.OPEN,
        threads=1,
        peer=PeerSettings(),
    )
