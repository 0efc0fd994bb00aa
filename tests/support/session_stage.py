"""A node's sessions with everything real but the connections, the senses and the disk."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.analysis.engine import Engine
from edge.analysis.instruments import Instruments
from edge.analysis.levels import LevelInForce
from edge.analysis.restarts import Restarts
from edge.analysis.versions import Versions
from edge.config import CoordinatorSection, EdgeConfig, NatsSection
from edge.desired.beginning import Begun
from edge.desired.course import Kept
from edge.fleet.actions import NodeActions
from edge.fleet.assignments import Assignments
from edge.fleet.configuring import Configuring
from edge.judging.alerts import AlertRevision, WatchedSession
from edge.judging.watch import Watch
from edge.media.admission import Seat
from edge.media.clock import SessionClock
from edge.media.frames import WINDOW_S
from edge.outbound.envelope import Envelope, OutgoingAlert
from edge.sessions.assignment import Assignment
from edge.sessions.local_worker import LocalWorker
from edge.sessions.roster import Roster
from edge.sessions.seat import Door
from edge.sessions.session import Session
from edge.sessions.session_parts import Parts
from shared.alerts import Alert
from shared.errors import Corrupt, Rejected
from shared.events.types import EventType
from shared.messages.heartbeats import SessionState
from shared.messages.sessions import EndSession, StartSession
from shared.observations import FaceSeen
from shared.policy.schema import Policy, parse_policy
from shared.sealing import signing_public_text
from shared.traces.spans import Span
from tests.support.eventually import PATIENCE_S, until
from tests.support.fake_media import STEP_S, FakeSenses, FakeSource
from tests.support.foreign import Detector, stand_in
from tests.support.orders import session_token, start_order
from tests.support.watched import NODE_ID

TOKEN_KEY = Ed25519PrivateKey.generate()
ABSENT_S = 0.4
"""From an empty chair to its alert, in `QUICK`."""
LEVEL = 1


def quick(**rules: Mapping[str, object]) -> Policy:
    """A policy under which an absence is told and over within a few pictures; other rules as given."""
    absence = {"hold_s": ABSENT_S, "clear_s": STEP_S}
    return parse_policy({"rules": {"FACE_NOT_FOUND": absence, **rules}})


QUICK = quick()


def order(**changes: Any) -> StartSession:
    """An order under `QUICK`, whose page `Stage.page` may open."""
    return start_order(token_key=TOKEN_KEY, policy=QUICK).model_copy(update=changes)


def config(rating: int = 2) -> EdgeConfig:
    return EdgeConfig.model_validate(
        {
            "region": "test",
            "data_folder": Path("."),
            "coordinator": CoordinatorSection(public_key=signing_public_text(TOKEN_KEY.public_key())),
            "nats": NatsSection(url="nats://127.0.0.1:1", user="node", password_file=Path("password")),
            "analysis": {"rating": rating},
        }
    )


JOIN_WINDOW_S = 900.0


def unconfigured(settings: EdgeConfig, assignments: Assignments) -> Configuring:
    """A node to which nobody has given settings."""
    rating = assignments.roster.rating
    return Configuring(Begun(settings, settings, Kept()), assignments, lambda _: rating, lambda: True)


class Disk:
    """Keeps alerts while `takes` is set; until then whoever writes waits."""

    def __init__(self) -> None:
        self.kept: list[AlertRevision] = []
        self.addressed: list[Envelope] = []
        """To whom each of them is to be sealed."""
        self.traced: list[tuple[Span, ...]] = []
        """What led to each of them."""
        self.takes = asyncio.Event()
        self.takes.set()
        self.breaks: Exception | None = None
        """Raised once."""

    async def commit(self, outgoing: OutgoingAlert) -> None:
        await self.takes.wait()
        if self.breaks is not None:
            broken, self.breaks = self.breaks, None
            raise broken
        self.kept.append(outgoing.revision)
        self.addressed.append(outgoing.envelope)
        self.traced.append(outgoing.spans)

    def of(self, event: EventType, revision: int = 1) -> list[Alert]:
        return [one.alert for one in self.kept if (one.alert.event_type, one.revision) == (event, revision)]


@dataclass
class Page:
    """A candidate's page: its seat, the connection its offer made, what it was told."""

    order: StartSession
    seat: Seat
    source: FakeSource
    told: list[Mapping[str, object]]
    hearing: asyncio.Task[str | None]
    """Until its socket ends; why another page took its place, None if the session is over."""


@dataclass
class Stage:
    """The control side's doors and what stands behind them."""

    actions: NodeActions
    door: Door
    roster: Roster[Assignment]
    assignments: Assignments
    worker: LocalWorker
    disk: Disk = field(default_factory=Disk)
    sources: list[FakeSource] = field(default_factory=list)
    senses: list[FakeSenses] = field(default_factory=list)
    """In order of making: one for each assignment and one more for each change of its policy or pause."""
    orders: list[StartSession] = field(default_factory=list)
    """What each of them was made for."""
    connected_under: list[StartSession] = field(default_factory=list)
    """The order in force when each of the sources was made."""
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    """Whether connections made from now on answer their offers."""
    refuses: bool = False
    """Whether no senses can be made for an order."""
    _hearing: list[asyncio.Task[str | None]] = field(default_factory=list)

    async def started(self, **changes: Any) -> StartSession:
        one = order(**changes)
        await self.actions.start(one)
        return one

    async def seat(self, one: StartSession, *, tab: UUID | None = None, device: int | None = None) -> Seat:
        token = session_token(TOKEN_KEY, one.session_id, device=device)
        return await self.door.connect(one.session_id, token, tab)

    async def page(self, one: StartSession, *, tab: UUID | None = None, device: int | None = None) -> Page:
        """A page that has sat down and connected."""
        seat = await self.seat(one, tab=tab, device=device)
        told: list[Mapping[str, object]] = []

        async def hear() -> str | None:
            try:
                async for notice in seat.notices():
                    told.append(notice)
            except Rejected as replaced:
                return replaced.code
            return None

        hearing = asyncio.create_task(hear())
        self._hearing.append(hearing)
        await seat.answer("offer")
        return Page(one, seat, self.sources[-1], told, hearing)

    async def show(self, page: Page, faces: tuple[FaceSeen, ...], *, from_s: float, to_s: float) -> None:
        """Pictures with these faces, each looked at before the next comes."""
        for number in range(round(from_s / STEP_S), round(to_s / STEP_S)):
            await self.show_one(page, faces, at_s=number * STEP_S)

    async def show_one(self, page: Page, faces: tuple[FaceSeen, ...], *, at_s: float) -> None:
        """A picture, until it is looked at."""
        senses = self.sensing(page.order)
        senses.faces = faces
        frame = page.source.send(at_s)
        await soon(lambda: frame.frame_id in senses.looked_at, "a look")

    async def leave_empty(self, page: Page, *, from_s: float, kept: bool = True) -> float:
        """An empty chair until its alert is on disk; answers the time of the last picture's successor."""
        to_s = from_s + ABSENT_S + 2 * STEP_S
        before = len(self.disk.of(EventType.FACE_NOT_FOUND))
        await self.show(page, (), from_s=from_s, to_s=to_s)
        if not kept:
            return to_s
        await soon(lambda: len(self.disk.of(EventType.FACE_NOT_FOUND)) > before, "the absence on disk")
        return to_s

    async def say(self, page: Page, *, at_s: float) -> None:
        """A window of sound, listening to which has begun."""
        senses = self.sensing(page.order)
        page.source.sound(at_s)
        await soon(lambda: at_s + WINDOW_S in senses.listened_to, "a window listened to")

    def sensing(self, one: StartSession) -> FakeSenses:
        """The senses that an assignment has now."""
        return [each for each in self.senses if each.owner == (one.session_id, one.epoch)][-1]

    async def end(self, one: StartSession) -> bool:
        """Whether it was running."""
        answer = await self.actions.end(EndSession(session_id=one.session_id, submitted=True))
        return answer.was_running

    async def state(self, one: StartSession) -> SessionState:
        report = await self.worker.report()
        return next(each for each in report.sessions if each.session_id == one.session_id)

    async def dropped(self) -> Counter[str]:
        return Counter((await self.worker.report()).dropped)


async def soon(holds: Any, what: str) -> None:
    """What other tasks of this loop bring about without any waiting of their own; else as `until`."""
    for _ in range(100):
        if holds():
            return
        await asyncio.sleep(0)
    await until(holds, what)


@asynccontextmanager
async def stage(rating: int = 2) -> AsyncIterator[Stage]:
    """A node's sessions, ended at the end."""
    roster: Roster[Assignment] = Roster(rating)
    level = LevelInForce(LEVEL)
    disk, sources, senses = Disk(), list[FakeSource](), list[FakeSenses]()

    def make_source(one: StartSession, clock: SessionClock, frames_before: int) -> FakeSource:
        made.connected_under.append(one)
        sources.append(FakeSource(clock, frames_before, made.answers))
        return sources[-1]

    def perceive(one: StartSession) -> FakeSenses:
        if made.refuses:
            raise Corrupt("a template's vector is not finite")
        senses.append(FakeSenses((one.session_id, one.epoch), level))
        made.orders.append(one)
        return senses[-1]

    def open_watch(one: StartSession, started_utc: datetime) -> Watch:
        return Watch(watched(one, started_utc), level=level.number)

    def make(one: StartSession) -> Session:
        parts = Parts(
            perceive=perceive,
            make_source=make_source,
            open_watch=open_watch,
            level=level,
            tell=assignments.hear,
        )
        return Session(one, parts)

    async with Engine(1) as engine:
        networks = stand_in(Detector())
        versions = Versions(networks, Restarts())
        instruments = Instruments(networks=networks, engine=engine, level=level, versions=versions)
        assignments = Assignments(roster, disk.commit, lambda _: None, JOIN_WINDOW_S)
        worker = LocalWorker(instruments, make, assignments.hear)
        actions = NodeActions(config(rating), assignments, worker, unconfigured(config(rating), assignments))
        made = Stage(actions, Door(roster, worker), roster, assignments, worker, disk, sources, senses)
        made.answers.set()
        try:
            yield made
        finally:
            disk.takes.set()
            for one in senses:
                one.may_look.set()
                one.may_listen.set()
            for source in sources:
                source.may_close.set()
            await actions.close()
            await asyncio.gather(*made._hearing)


def watched(one: StartSession, started_utc: datetime) -> WatchedSession:
    return WatchedSession(
        session_id=one.session_id,
        exam_session_id=one.exam_session_id,
        candidate_id=one.candidate_id,
        exam_id=one.exam_id,
        policy=one.policy,
        started_utc=started_utc,
        node_id=NODE_ID,
        region="test",
        models={},
        device=lambda: "cpu",
    )


def play(story: Callable[[Stage], Awaitable[None]], *, rating: int = 2) -> None:
    """Run a story on a stage of its own."""

    async def run() -> None:
        async with stage(rating) as world:
            await asyncio.wait_for(story(world), PATIENCE_S)

    asyncio.run(run())
