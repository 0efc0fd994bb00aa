"""A session goes on in another process: with all that it had counted, and the gap is told once."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from edge.analysis.levels import LevelInForce
from edge.judging.watch import Watch
from edge.media.clock import SessionClock
from edge.sessions.memory import SessionMemory, read_memory
from edge.sessions.session import Session
from edge.sessions.session_parts import Parts
from shared.messages.sessions import StartSession
from shared.unwatched import Kind
from tests.support.fake_media import FakeSenses, FakeSource
from tests.support.session_stage import LEVEL, order, soon, watched

AWAY_S = 100.0
"""Nobody watched for so long; no timer of this machine is as late."""
VERIFIED = "2026-11-22T14:00:09+00:00"


class Life:
    """One process's part of a session."""

    def __init__(self, one: StartSession) -> None:
        self.sources: list[FakeSource] = []
        level = LevelInForce(LEVEL)
        self.senses = FakeSenses((one.session_id, one.epoch), level)
        parts = Parts(
            perceive=lambda _: self.senses,
            make_source=self._source,
            open_watch=lambda each, at_utc: Watch(watched(each, at_utc), level=LEVEL),
            level=level,
            tell=lambda _: None,
        )
        self.session = Session(one, parts)

    async def shown(self, *at_s: float) -> None:
        """A page connects and sends pictures; returns when all are looked at."""
        await self.session.connections.answer(uuid4(), "offer")
        for each in at_s:
            frame_id = self.sources[-1].send(each).frame_id
            await soon(partial(self._looked_at, frame_id), "a look")

    def _looked_at(self, frame_id: int) -> bool:
        return frame_id in self.senses.looked_at

    def _source(self, _: StartSession, clock: SessionClock, before: int) -> FakeSource:
        answers = asyncio.Event()
        answers.set()
        self.sources.append(FakeSource(clock, before, answers))
        return self.sources[-1]


async def remembered(one: StartSession) -> SessionMemory:
    """What a process leaves that has watched for a while."""
    life = Life(one)
    life.senses.learned = ("how far the eyes open",)
    running = asyncio.create_task(life.session.run())
    await asyncio.sleep(0)
    await life.shown(0.0, 0.2, 0.4)
    memory = read_memory(json.loads(json.dumps(life.session.memory())))
    life.session.end()
    await running
    assert (memory.course.analysed, memory.course.raised) == (3, 0)
    course = replace(
        memory.course,
        saved_s=memory.course.saved_s - AWAY_S,
        analysed=12,
        raised=3,
        verified_utc=VERIFIED,
        unwatched_s={Kind.FACE: 7.0},
        elsewhere_s={Kind.FACE: 3.0},
        elsewhere_begun=True,
    )
    return replace(memory, course=course)


def test_a_session_goes_on_with_what_it_had_counted_and_tells_of_the_gap_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    late_s: list[float] = []
    tick = Watch.tick

    def noting(watch: Watch, now_s: float, late: float = 0.0) -> Any:
        late_s.append(late)
        return tick(watch, now_s, late)

    async def main() -> None:
        one = order()
        memory = await remembered(one)
        monkeypatch.setattr(Watch, "tick", noting)
        life = Life(one)
        life.session.go_on(memory)
        state = life.session.state()
        assert (state.frames_processed, state.alerts_triggered) == (12, 3)
        assert state.last_verified_utc is not None
        assert state.last_verified_utc.isoformat() == VERIFIED
        assert (state.unwatched_s or {})[Kind.FACE] >= 4.0  # but for what an earlier node has reported
        assert life.senses.learned == ("how far the eyes open",)
        assert life.senses.resumed_s is not None
        again = read_memory(json.loads(json.dumps(life.session.memory()))).course
        assert replace(again, saved_s=0.0) == replace(memory.course, saved_s=0.0)
        assert again.saved_s >= memory.course.saved_s
        running = asyncio.create_task(life.session.run())
        await asyncio.sleep(0)
        await life.shown(20.0)
        await soon(lambda: max(late_s, default=0.0) > AWAY_S, "the gap")
        await life.shown(20.2)
        assert sum(each > AWAY_S for each in late_s) == 1
        assert life.session.state().frames_processed == 14
        life.session.end()
        await running

    asyncio.run(main())
