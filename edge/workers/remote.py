"""A worker in a process of its own, called over its link."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

from edge.sessions.port import AssignmentId, PageId, WorkerReport
from edge.workers.calls import (
    AddCandidate,
    Answer,
    Call,
    Change,
    Compare,
    End,
    Enroll,
    Left,
    Pulse,
    Report,
    Said,
    SentError,
    SetLevel,
    ShowCamera,
    Start,
    Verify,
    error_of,
)
from edge.workers.codec import read, read_answer, write_call
from edge.workers.link import Link
from edge.workers.wire import Frame, FrameKind
from shared.cameras import Camera
from shared.errors import Corrupt, Unavailable
from shared.messages.comparing import ComparedTemplates, CompareTemplates
from shared.messages.faces import EnrolledPicture, VerifiedFrame
from shared.messages.sessions import StartSession
from shared.policy.terms import Gate

Hear = Callable[[Said, bytes], None]
"""Takes what a session has reported, and its saved state (empty: none)."""


@dataclass(slots=True)
class _Asked:
    call: Call
    answer: asyncio.Future[Any]


class RemoteWorker:
    """A `Worker` that is another process. Calls fail with `Unavailable` once that process is gone."""

    def __init__(self, link: Link, hear: Hear, on_pulse: Callable[[Pulse], None]) -> None:
        """`hear` is called in the order of the reports, `on_pulse` with every pulse."""
        self._link = link
        self._hear = hear
        self._on_pulse = on_pulse
        self._numbers = count(1)
        self._asked: dict[int, _Asked] = {}
        self._gone = False

    async def listen(self) -> None:
        """Take answers and reports until the process is gone. Raises `Corrupt` when it sends anything
        else."""
        try:
            while (frame := await self._link.next()) is not None:
                self._take(frame)
        finally:
            self._gone = True
            for asked in self._asked.values():
                if not asked.answer.done():
                    asked.answer.set_exception(_lost())
            self._asked.clear()

    async def start(self, order: StartSession) -> None:
        await self._ask(Start(order))

    async def resume(self, order: StartSession, memory: bytes) -> None:
        """Start a session from its last saved state."""
        await self._ask(Start(order), memory)

    async def change(self, order: StartSession) -> None:
        await self._ask(Change(order))

    async def end(self, assignment: AssignmentId, *, handed_over: bool = False) -> None:
        await self._ask(End(assignment, handed_over))

    async def answer(self, page: PageId, offer_sdp: str) -> str:
        answer: str = await self._ask(Answer(page, offer_sdp))
        return answer

    async def add_candidate(self, page: PageId, candidate: str, mid: str | None, index: int | None) -> None:
        await self._ask(AddCandidate(page, candidate, mid, index))

    async def show_camera(self, page: PageId, camera: Camera) -> None:
        await self._ask(ShowCamera(page, camera))

    async def left(self, page: PageId) -> None:
        await self._ask(Left(page))

    async def verify(self, assignment: AssignmentId, frame_id: int | None) -> VerifiedFrame:
        verified: VerifiedFrame = await self._ask(Verify(assignment, frame_id))
        return verified

    async def enroll(self, jpeg: bytes, gate: Gate) -> EnrolledPicture:
        enrolled: EnrolledPicture = await self._ask(Enroll(gate), jpeg)
        return enrolled

    async def compare(self, order: CompareTemplates) -> ComparedTemplates:
        compared: ComparedTemplates = await self._ask(Compare(order))
        return compared

    async def set_level(self, level: int) -> None:
        await self._ask(SetLevel(level))

    async def report(self) -> WorkerReport:
        report: WorkerReport = await self._ask(Report())
        return report

    async def _ask(self, call: Call, blob: bytes = b"") -> Any:
        if self._gone:
            raise _lost()
        number = next(self._numbers)
        asked = _Asked(call, asyncio.get_running_loop().create_future())
        self._link.send(Frame(FrameKind.ASK, write_call(call), blob, number))
        self._asked[number] = asked
        try:
            return await asked.answer
        finally:
            self._asked.pop(number, None)

    def _take(self, frame: Frame) -> None:
        match frame.kind:
            case FrameKind.PULSE:
                self._on_pulse(read(Pulse, frame.body))
            case FrameKind.SAID:
                self._hear(read(Said, frame.body), frame.blob)
            case FrameKind.REPLY | FrameKind.REFUSAL:
                self._settle(frame)
            case _:
                raise Corrupt(f"a worker does not send {frame.kind.name}")

    def _settle(self, frame: Frame) -> None:
        """Hand an answer to its caller, if it still waits."""
        asked = self._asked.pop(frame.number, None)
        if asked is None or asked.answer.done():
            return
        if frame.kind is FrameKind.REFUSAL:
            asked.answer.set_exception(error_of(read(SentError, frame.body)))
        else:
            asked.answer.set_result(read_answer(asked.call, frame.body))


def _lost() -> Unavailable:
    return Unavailable("the process that watches this session has ended; try again", retry_after_s=1)
