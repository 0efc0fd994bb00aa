"""A session's memory as one value: it goes to another node and back, or is refused."""

from __future__ import annotations

import asyncio
import json
from dataclasses import fields
from typing import Any

import pytest

from edge.analysis.engine import Engine
from edge.analysis.levels import LevelInForce
from edge.analysis.perception import Perception
from edge.judging.watch import Watch
from edge.sessions.memory import SNAPSHOT_VERSION, Course, read_memory, remembered
from shared.errors import Corrupt
from shared.policy.schema import Policy
from shared.saving import Saved
from tests.support.foreign import Detector, face_at, picture, stand_in
from tests.support.observations import ONE, TWO, check, every, frame
from tests.support.states import changed_fields, sample
from tests.support.watched import SESSION_ID, watched

HONEST = every(0, 5, frame(0, faces=ONE, identity=check(0.9)))
SECOND = every(5, 9, frame(0, faces=TWO, identity=check(0.9)))


def perception(engine: Engine) -> Perception:
    networks = stand_in(Detector(face_at()))
    return Perception(SESSION_ID, engine, networks, policy=Policy(), templates={}, level=LevelInForce(1))


def watch_of(observations: list[Any]) -> Watch:
    watch = Watch(watched(), level=1)
    for observation in observations:
        watch.observe(observation)
    return watch


def memory_of(senses: Perception, watch: Watch | None) -> Saved:
    return remembered(Course(), senses.snapshot(), None if watch is None else watch.snapshot())


@pytest.mark.parametrize("seen", [None, 0, 10])
def test_a_session_goes_on_with_its_memory(seen: int | None) -> None:
    async def main() -> None:
        async with Engine(1) as engine:
            senses, watch = perception(engine), None if seen is None else watch_of(HONEST + SECOND[:seen])
            await senses.look(picture(128))
            saved = json.loads(json.dumps(memory_of(senses, watch)))
            memory = read_memory(saved)
            other_senses, other_watch = perception(engine), None if watch is None else watch_of([])
            other_senses.restore(memory.perception)
            if other_watch is not None and memory.watch is not None:
                other_watch.restore(memory.watch)
            assert memory_of(other_senses, other_watch) == saved

    asyncio.run(main())


def test_every_field_of_a_course_is_saved_and_comes_back() -> None:
    course = sample(Course)
    assert changed_fields(course) == {f"Course.{each.name}" for each in fields(Course)}
    assert read_memory(json.loads(json.dumps(remembered(course, {}, None)))).course == course


COURSE: dict[str, Any] = {
    "zero_at": None,
    "saved_s": 0.0,
    "started_utc": None,
    "analysed": 0,
    "raised": 0,
    "verified_utc": None,
    "unwatched_s": {},
}
GOOD: dict[str, Any] = {"version": SNAPSHOT_VERSION, "course": COURSE, "perception": {}, "watch": None}


@pytest.mark.parametrize(
    "broken",
    [
        None,
        [],
        {},
        {**GOOD, "version": SNAPSHOT_VERSION - 1},
        {**GOOD, "version": SNAPSHOT_VERSION + 1},
        {**GOOD, "version": True},
        {**GOOD, "perception": None},
        {**GOOD, "watch": []},
        {**GOOD, "more": 1},
        {**GOOD, "course": {**COURSE, "raised": -1}},
        {**GOOD, "course": {**COURSE, "zero_at": "noon"}},
        {name: value for name, value in GOOD.items() if name != "watch"},
    ],
)
def test_what_is_no_memory_is_refused(broken: Any) -> None:
    assert read_memory(GOOD).watch is None
    with pytest.raises(Corrupt, match="memory"):
        read_memory(broken)
