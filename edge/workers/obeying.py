"""Obeys the calls of the control side in a worker's process."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any, assert_never

from edge.sessions.local_worker import LocalWorker
from edge.sessions.port import assignment_of
from edge.workers.calls import (
    AddCandidate,
    Answer,
    Call,
    Change,
    Compare,
    End,
    Enroll,
    Left,
    Report,
    SetLevel,
    ShowCamera,
    Start,
    Verify,
    refusal_of,
)
from edge.workers.codec import read_call, write_answer, written
from edge.workers.link import Link
from edge.workers.reporting import Reporting
from edge.workers.wire import Frame, FrameKind
from shared.errors import ProctorError

log = logging.getLogger(__name__)


class Obeying:
    """Carries out calls with a worker of this process; each in a task of its own, begun in their order."""

    def __init__(self, link: Link, worker: LocalWorker, reporting: Reporting) -> None:
        self._link = link
        self._worker = worker
        self._reporting = reporting

    async def run(self) -> None:
        """Obey until the control side is gone."""
        async with asyncio.TaskGroup() as tasks:
            running: set[asyncio.Task[None]] = set()
            while (frame := await self._link.next()) is not None:
                task = tasks.create_task(self._obey(frame))
                running.add(task)
                task.add_done_callback(running.discard)
            for task in running:
                task.cancel()

    async def _obey(self, frame: Frame) -> None:
        try:
            call = read_call(frame.body)
            answer = write_answer(call, await self._do(call, frame.blob))
        except Exception as error:
            if not isinstance(error, ProctorError):
                log.exception("a call failed")
            self._link.send(Frame(FrameKind.REFUSAL, written(refusal_of(error)), number=frame.number))
            return
        self._link.send(Frame(FrameKind.REPLY, answer, number=frame.number))

    async def _do(self, call: Call, blob: bytes) -> Any:
        worker = self._worker
        match call:
            case Start(order):
                await (worker.resume(order, json.loads(blob)) if blob else worker.start(order))
            case Change(order):
                await worker.change(order)
                # The state is the one under the new order before the control side knows of it.
                self._reporting.send(assignment_of(order))
            case End(assignment, handed_over):
                await worker.end(assignment, handed_over=handed_over)
            case Verify(assignment, frame_id):
                return await worker.verify(assignment, frame_id)
            case Enroll(gate):
                return await worker.enroll(blob, gate)
            case Compare(order):
                return await worker.compare(order)
            case SetLevel(level):
                await worker.set_level(level)
            case Report():
                return await worker.report()
            case Answer() | AddCandidate() | ShowCamera() | Left():
                return await self._serve_page(call)
            case _:
                assert_never(call)
        return None

    async def _serve_page(self, call: Answer | AddCandidate | ShowCamera | Left) -> str | None:
        worker = self._worker
        match call:
            case Answer(page, offer_sdp):
                return await worker.answer(page, offer_sdp)
            case AddCandidate(page, candidate, mid, index):
                await worker.add_candidate(page, candidate, mid, index)
            case ShowCamera(page, camera):
                await worker.show_camera(page, camera)
            case Left(page):
                await worker.left(page)
        return None
