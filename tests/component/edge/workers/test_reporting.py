"""What a worker reports reaches the other end of a real socket, together with the state after it."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from edge.analysis.measured import Measured
from edge.outbound.envelope import OutgoingAlert, envelope_of
from edge.sessions.port import AssignmentId, Delivers, Moved, Notice, SessionOver, assignment_of
from edge.workers.calls import Pulse, Said
from edge.workers.codec import read
from edge.workers.link import Link
from edge.workers.reporting import Reporting
from edge.workers.wire import Frame, FrameKind
from shared.errors import Corrupt
from shared.events.types import EventType
from shared.saving import Saved
from tests.support.alerts import SESSION, alert, first_revision
from tests.support.eventually import cancelled
from tests.support.orders import start_order

ORDER = start_order()
ASSIGNMENT = assignment_of(ORDER)
NOTICE = Notice(ASSIGNMENT, {"type": "notice"})


class Ends:
    """Both ends of a link, and the state that the worker's sessions have."""

    def __init__(self, ours: Link, theirs: Link) -> None:
        self.ours = ours
        self.reporting = Reporting(theirs)
        self.theirs = theirs
        self.state: Saved | None = {"at": 1}
        self.reporting.ask_for_memory(lambda _: self.state)

    async def said(self) -> tuple[Said, Saved | None]:
        frame = await self.ours.next()
        assert frame is not None
        assert frame.kind is FrameKind.SAID
        return read(Said, frame.body), json.loads(frame.blob) if frame.blob else None


def play(story: Callable[[Ends], Awaitable[None]]) -> None:
    async def run() -> None:
        ours, theirs = [await Link.over(end) for end in socket.socketpair()]
        try:
            await asyncio.wait_for(story(Ends(ours, theirs)), 60)
        finally:
            await ours.close()
            await theirs.close()

    asyncio.run(run())


def test_reports_of_one_turn_come_in_one_frame_with_the_state_that_includes_them() -> None:
    async def story(ends: Ends) -> None:
        alerts = [
            OutgoingAlert(first_revision(alert(SESSION, at_s, EventType.FACE_NOT_FOUND)), envelope_of(ORDER))
            for at_s in (1.0, 2.0)
        ]
        about = AssignmentId(alerts[0].envelope.session_id, 1)
        ends.reporting.tell(alerts[0])
        ends.reporting.tell(alerts[1])
        ends.state = {"at": 2}  # set in the same turn, after the report
        said, state = await ends.said()
        assert [one.revision.alert.event_id for one in said.alerts] == [
            one.revision.alert.event_id for one in alerts
        ]
        assert (said.assignment, said.over, state) == (about, False, {"at": 2})

    play(story)


def test_a_state_that_has_not_changed_is_not_sent_again() -> None:
    async def story(ends: Ends) -> None:
        ends.reporting.send(ASSIGNMENT)
        ends.reporting.send(ASSIGNMENT)
        ends.reporting.tell(NOTICE)
        assert await ends.said() == (Said(assignment=ASSIGNMENT), {"at": 1})
        assert await ends.said() == (Said(assignment=ASSIGNMENT, notices=(NOTICE,)), {"at": 1})
        ends.state = {"at": 3}
        ends.reporting.send(ASSIGNMENT)
        assert await ends.said() == (Said(assignment=ASSIGNMENT), {"at": 3})

    play(story)


def test_the_last_report_has_no_state() -> None:
    async def story(ends: Ends) -> None:
        ends.state = None
        ends.reporting.tell(NOTICE)
        for page in (UUID(int=1), UUID(int=2)):
            ends.reporting.tell(Delivers(ASSIGNMENT, page))
        ends.reporting.tell(SessionOver(ASSIGNMENT))
        said = Said(assignment=ASSIGNMENT, notices=(NOTICE,), delivers=UUID(int=2), over=True)
        assert await ends.said() == (said, None)

    play(story)


def test_measured_calls_come_with_the_pulse_once() -> None:
    async def story(ends: Ends) -> None:
        call = Measured("faces", 0.1, 0.2, "done")
        ends.reporting.tell(call)
        running = asyncio.create_task(ends.reporting.run(lambda: ()))
        frames = [await ends.ours.next() for _ in range(2)]
        await cancelled(running)
        pulses = [read(Pulse, frame.body) for frame in frames if frame is not None]
        assert [frame.kind for frame in frames if frame is not None] == [FrameKind.PULSE, FrameKind.PULSE]
        assert [pulse.calls for pulse in pulses] == [(call,), ()]
        assert pulses[1].cpu_s >= pulses[0].cpu_s > 0

    play(story)


def test_only_the_control_side_moves_sessions() -> None:
    async def story(ends: Ends) -> None:
        with pytest.raises(TypeError):
            ends.reporting.tell(Moved(ASSIGNMENT))

    play(story)


def test_a_link_ends_when_the_other_side_does_and_what_was_sent_is_read() -> None:
    async def story(ends: Ends) -> None:
        ends.theirs.send(Frame(FrameKind.READY, b"1"))
        ends.theirs.end()
        assert await ends.ours.next() == Frame(FrameKind.READY, b"1")
        assert await ends.ours.next() is None
        await ends.ours.close()
        ends.ours.send(Frame(FrameKind.READY))  # nobody is there: nothing happens

    play(story)


def test_what_is_no_frame_is_refused() -> None:
    async def run() -> None:
        ours, theirs = socket.socketpair()
        link = await Link.over(ours)
        with theirs:
            theirs.sendall(bytes(64))
            with pytest.raises(Corrupt):
                await link.next()
        await link.close()

    asyncio.run(run())
