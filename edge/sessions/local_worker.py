"""Provides the worker of a one-process node: sessions on this event loop, with this process's networks."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from edge.analysis.compared import compare_templates
from edge.analysis.engine import REQUEST_WAIT_S
from edge.analysis.enrolling import decode_picture, enrolled_picture
from edge.analysis.examination import examine
from edge.analysis.instruments import ENROLLMENT, Instruments
from edge.sessions.memory import SessionMemory, as_json, read_memory, rebased
from edge.sessions.port import Arrived, AssignmentId, PageId, SessionOver, Tell, WorkerReport, assignment_of
from edge.sessions.session import Session
from shared.cameras import Camera
from shared.errors import Corrupt, Rejected, Unavailable
from shared.events.looks import Look
from shared.messages.comparing import ComparedTemplates, CompareTemplates
from shared.messages.faces import EnrolledPicture, VerifiedFrame
from shared.messages.sessions import HandedOver, StartSession
from shared.policy.terms import Gate
from shared.saving import Json, Saved

log = logging.getLogger(__name__)


class LocalWorker:
    """A `Worker` called directly; its reports are direct calls too. Use on one event loop."""

    def __init__(self, instruments: Instruments, make: Callable[[StartSession], Session], tell: Tell) -> None:
        """`make` builds a session; it may raise `Corrupt` for an invalid order."""
        self._instruments = instruments
        self._make = make
        self._tell = tell
        self._sessions: dict[AssignmentId, Session] = {}
        self._opening: list[StartSession] = []
        """Orders whose networks are being opened."""
        self._running: set[asyncio.Task[None]] = set()
        self._former_drops: Counter[str] = Counter()
        self._former_errors: Counter[str] = Counter()
        self._former_pictures: Counter[str] = Counter()
        self._former_decode_s = 0.0

    @property
    def assignments(self) -> tuple[AssignmentId, ...]:
        """The sessions that are not over."""
        return tuple(self._sessions)

    def memory(self, assignment: AssignmentId) -> Saved | None:
        """What another process needs to go on with a session; None after its end."""
        session = self._sessions.get(assignment)
        return None if session is None else session.memory()

    async def start(self, order: StartSession) -> None:
        await self._open(order)
        handed = order.handed
        if handed is None:
            self._begin(order, self._make(order))
            return
        # A session keeps its order; what was watched before must not stay in it, through a pause for example.
        order = order.model_copy(update={"handed": None})
        session = self._make(order) if handed.memory is None else self._taken_over(order, handed)
        session.inherit(handed)
        self._begin(order, session)

    async def resume(self, order: StartSession, memory: Json) -> None:
        """Go on with a session that another process of this host has watched. What cannot be restored starts
        anew, on the same clock. Without the versions that it had, it goes on with the node's own. Raises as
        `start` does, and `Corrupt` for what is no memory at all."""
        try:
            await self._open(order)
        except Unavailable as error:
            log.warning("a session goes on without its version", extra=_named(order) | {"error": str(error)})
            order = order.model_copy(update={"networks": {}})
        self._begin(order, self._restored(order, read_memory(memory)))

    def _taken_over(self, order: StartSession, handed: HandedOver) -> Session:
        """A session that continues from another node's state, or starts from scratch without a valid one."""
        try:
            known = read_memory(handed.memory)
            known = replace(known, course=rebased(known.course, time.monotonic(), handed))
        except Corrupt:
            log.exception("the state of a session's former node cannot be used", extra=_named(order))
            return self._make(order)
        if (handed.policy_version, handed.withheld) == (order.policy.version, order.withheld):
            return self._restored(order, known)
        session = self._make(order)
        session.keep_clock(known.course)
        return session

    def _restored(self, order: StartSession, known: SessionMemory) -> Session:
        session = self._make(order)
        try:
            session.go_on(known)
        except Corrupt:
            log.exception("a session starts again from the beginning", extra=_named(order))
            session = self._make(order)
            session.keep_clock(known.course)
        return session

    def _begin(self, order: StartSession, session: Session) -> None:
        self._sessions[assignment_of(order)] = session
        running = asyncio.create_task(self._supervise(assignment_of(order), session))
        self._running.add(running)
        running.add_done_callback(self._running.discard)

    async def change(self, order: StartSession) -> None:
        place = assignment_of(order)
        session = self._find(place)
        # A pause and what the candidate has withdrawn wait for no version, which takes seconds to open.
        before = {"networks": session.order.networks, "shadow": session.order.shadow}
        session.change(order.model_copy(update=before))
        at_once = session.order
        try:
            await self._open(order)
        except Unavailable as error:
            log.warning("a session keeps its versions", extra=_named(order) | {"error": str(error)})
            order = order.model_copy(update={"networks": before["networks"]})
        if self._find(place).order is at_once:  # no newer order has come meanwhile
            session.change(order)

    async def end(self, assignment: AssignmentId, *, handed_over: bool = False) -> None:
        if assignment in self._sessions:
            self._sessions[assignment].end(handed_over=handed_over)

    async def answer(self, page: PageId, offer_sdp: str) -> str:
        session = self._sessions.get(page.assignment)
        if session is None:
            raise Rejected("the session has ended", code="session-ended", status=410)
        return await session.connections.answer(page.number, offer_sdp, page.tab)

    async def add_candidate(self, page: PageId, candidate: str, mid: str | None, index: int | None) -> None:
        if page.assignment in self._sessions:
            connections = self._sessions[page.assignment].connections
            await connections.add_candidate(page.number, candidate, mid, index)

    async def show_camera(self, page: PageId, camera: Camera) -> None:
        if page.assignment in self._sessions:
            self._sessions[page.assignment].show_camera(camera)

    async def left(self, page: PageId) -> None:
        if page.assignment in self._sessions:
            await self._sessions[page.assignment].connections.left(page.number)

    async def saved(self, assignment: AssignmentId) -> bytes | None:
        memory = self.memory(assignment)
        return None if memory is None else as_json(memory)

    async def verify(self, assignment: AssignmentId, frame_id: int | None) -> VerifiedFrame:
        return await self._find(assignment).verify(frame_id)

    async def enroll(self, jpeg: bytes, gate: Gate) -> EnrolledPicture:
        picture = await asyncio.to_thread(decode_picture, jpeg, "the picture")
        examination = partial(examine, self._instruments.networks, picture.frame, gate)
        engine = self._instruments.engine
        return enrolled_picture(await engine.run(ENROLLMENT, examination, max_wait_s=REQUEST_WAIT_S))

    async def compare(self, order: CompareTemplates) -> ComparedTemplates:
        return await asyncio.to_thread(compare_templates, order, self._instruments.networks.recognisers)

    async def set_level(self, level: int) -> None:
        self._instruments.level.number = level

    async def report(self) -> WorkerReport:
        networks, engine = self._instruments.networks, self._instruments.engine
        sessions = self._sessions.values()
        return WorkerReport(
            level=self._instruments.level.number,
            device=networks.device,
            models=dict(networks.labels),
            recognisers=tuple(recogniser.name for recogniser in networks.recognisers),
            analysis_works=self._instruments.work,
            calls_waiting={look.value: engine.depth(look) for look in Look},
            dropped=dict(sum((session.dropped() for session in sessions), self._former_drops)),
            connection_errors=dict(
                sum((session.connections.errors() for session in sessions), self._former_errors)
            ),
            sessions=tuple(session.state() for session in sessions),
            arrived=tuple(
                Arrived(assignment, session.pictures()["received"])
                for assignment, session in self._sessions.items()
            ),
            pictures=dict(sum((session.pictures() for session in sessions), self._former_pictures)),
            decode_s=self._former_decode_s + sum(each.connections.decode_s() for each in sessions),
        )

    async def _open(self, order: StartSession) -> None:
        """Open the versions of networks that an order names; without one to compare it goes on."""
        versions = self._instruments.versions
        self._opening.append(order)
        try:
            await versions.open(order.networks, self._in_use)
            try:
                await versions.open({**order.networks, **order.shadow}, self._in_use)
            except Unavailable as error:
                log.warning("no other version is compared here", extra=_named(order) | {"error": str(error)})
        finally:
            self._opening.remove(order)

    def _in_use(self) -> Iterator[Mapping[str, str]]:
        """The versions that sessions look with, or are about to."""
        for order in (*self._opening, *(session.order for session in self._sessions.values())):
            yield order.networks
            yield {**order.networks, **order.shadow}

    def _find(self, assignment: AssignmentId) -> Session:
        session = self._sessions.get(assignment)
        if session is None:
            raise Rejected("no such session runs on this node", code="session-unknown", status=404)
        return session

    async def _supervise(self, assignment: AssignmentId, session: Session) -> None:
        """Run a session. If it fails, only it ends; its page asks for another node."""
        extra = {"session_id": str(assignment.session_id)}
        log.info("a session begins", extra=extra)
        try:
            await session.run()
        except Exception:
            log.exception("a session failed", extra=extra)
        finally:
            del self._sessions[assignment]
            self._former_drops += session.dropped()
            self._former_errors += session.connections.errors()
            self._former_pictures += session.pictures()
            self._former_decode_s += session.connections.decode_s()
            self._tell(SessionOver(assignment))
            log.info("a session is over", extra=extra)


def _named(order: StartSession) -> dict[str, str]:
    return {"session_id": str(order.session_id)}
