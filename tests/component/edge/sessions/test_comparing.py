"""Another version sees the frames of a session beside the one in force; nothing of it reaches the session."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, cast
from uuid import uuid4

import pytest

from edge.analysis.attempts import Attempts
from edge.analysis.engine import Engine
from edge.analysis.levels import LevelInForce
from edge.analysis.looking import Looking, LookingState
from edge.analysis.networks import Networks
from edge.analysis.perception import Seen
from edge.analysis.restarts import Restarts
from edge.analysis.versions import MOST, Versions
from edge.judging.agreement import Agreement
from edge.judging.policy_settings import monitor_settings
from edge.sessions.comparing import FORGETS_AFTER_S, Comparing
from edge.sessions.shadow import BESIDE, Shadow
from models.runtime import Network
from shared.errors import Corrupt, Unavailable
from shared.events.looks import Look
from shared.events.types import EventType
from shared.messages.sessions import StartSession
from shared.messages.versions import Tally
from shared.policy.schema import parse_policy
from tests.support.eventually import until
from tests.support.foreign import Detector, face_at, picture, stand_in
from tests.support.observations import ONE, frame
from tests.support.orders import start_order

POLICY = parse_policy({"rules": {"FACE_NOT_FOUND": {"hold_s": 1, "clear_s": 0.8}}})
GONE = EventType.FACE_NOT_FOUND.value
DUE = frozenset({Look.FACES})
VERSIONS = {"face-detection": "other@2"}
STEP_S = 0.5


def order(**changes: Any) -> StartSession:
    return start_order().model_copy(update={"policy": POLICY, "shadow": VERSIONS, **changes})


class Stand:
    """A session's comparison with a detector that a test controls."""

    def __init__(self, engine: Engine, one: StartSession) -> None:
        self.detector = Detector(face_at())
        self.level = LevelInForce(1)
        self.engine = engine
        self.made = 0
        self.at_s = 0.0
        self.looks = 0
        self.comparing = Comparing(one, self.make, self.level)

    def make(self, one: StartSession) -> Shadow | None:
        if not one.shadow:
            return None
        self.made += 1
        attempts = Attempts(one.session_id, self.engine, BESIDE)
        eyes = Looking(attempts, stand_in(self.detector), POLICY, None, LookingState())
        return Shadow(eyes, Agreement(monitor_settings(POLICY)))

    async def show(self, pictures: int, *, present: bool = True) -> None:
        """What the version in force sees of so many frames."""
        for _ in range(pictures):
            seen = frame(self.at_s, faces=ONE if present else ())
            self.comparing.take(picture(128, self.at_s, 1), Seen(seen, None, DUE))
            self.at_s += STEP_S
            if not self.level.lowered:
                self.looks += 1
                await until(lambda: self.engine.counts.calls.total() == self.looks, "the other version looks")
                await asyncio.sleep(0)

    @property
    def gone(self) -> Tally:
        return self.comparing.tallies[GONE]


def compared(story: Callable[[Stand], Awaitable[None]], one: StartSession | None = None) -> None:
    async def main() -> None:
        async with Engine(1) as engine:
            stand = Stand(engine, one or order())
            running = asyncio.create_task(stand.comparing.run())
            try:
                await story(stand)
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)

    asyncio.run(main())


def test_what_only_the_version_in_force_finds_is_counted() -> None:
    async def story(stand: Stand) -> None:
        await stand.show(4)
        await stand.show(24, present=False)
        assert stand.gone == Tally(only_old=1)
        assert {task for task, _ in stand.engine.counts.calls} == {"shadow-faces"}

    compared(story)


def test_an_overloaded_node_compares_nothing_and_begins_anew_after_that() -> None:
    async def story(stand: Stand) -> None:
        await stand.show(4)
        await stand.show(24, present=False)
        stand.level.number = 2
        calls = stand.engine.counts.calls.total()
        await stand.show(4)
        await asyncio.sleep(0.05)
        assert stand.engine.counts.calls.total() == calls
        stand.level.number = 1
        stand.at_s += FORGETS_AFTER_S
        await stand.show(2)
        assert (stand.made, stand.gone) == (2, Tally(only_old=1))

    compared(story)


def test_what_was_counted_stays_until_another_version_is_compared() -> None:
    async def story(stand: Stand) -> None:
        await stand.show(4)
        await stand.show(24, present=False)
        counted = stand.comparing.tallies
        for shadow in ({}, VERSIONS):
            stand.comparing.use(order(shadow=shadow))
            assert stand.comparing.tallies == counted
        stand.comparing.use(order(shadow={"face-detection": "third@3"}))
        assert stand.comparing.tallies == {}

    compared(story)


def test_a_version_that_fails_or_a_comparison_that_breaks_ends_nothing_else() -> None:
    async def story(stand: Stand) -> None:
        stand.detector.found = RuntimeError("no")
        await stand.show(4)
        assert GONE not in stand.comparing.tallies

        async def broken(*_: Any) -> None:
            raise RuntimeError("a comparison breaks")

        shadow: Any = stand.comparing._shadow
        shadow._eyes.look = broken
        stand.comparing.take(picture(128, 3.0, 1), Seen(frame(3.0), None, DUE))
        await until(lambda: stand.comparing._shadow is None, "it is given up")
        assert stand.comparing.tallies is not None

    compared(story)


def beside(own: Networks) -> Networks:
    """Networks that can open any version but one that is not there."""

    def open_with(preferred: Any) -> Networks:
        labels = {task.value: label for task, label in preferred.items()}
        return replace(own, labels={} if "gone@1" in labels.values() else labels)

    return replace(own, beside=open_with)


def version(number: int) -> dict[str, str]:
    return {"face-detection": f"more@{number}"}


def test_versions_are_opened_once_and_only_so_many() -> None:
    async def main() -> None:
        own = beside(stand_in(Detector()))
        versions = Versions(own, Restarts())
        assert versions.of({}) is own
        with pytest.raises(Corrupt):
            versions.of(VERSIONS)
        await versions.open(VERSIONS, list)
        found = versions.of(VERSIONS)
        await versions.open(VERSIONS, list)
        assert (versions.of(VERSIONS) is found, found.labels) == (True, VERSIONS)
        for wanted in ({"face-detection": "gone@1"}, {"no-task": "other@2"}):
            with pytest.raises(Unavailable):
                await versions.open(wanted, list)

    asyncio.run(main())


def test_of_a_version_that_cannot_serve_here_nothing_stays_open() -> None:
    async def main() -> None:
        kept: list[tuple[Network, ...]] = []
        detector = cast(Network, Detector())
        own = replace(
            beside(stand_in(Detector())), opened=(detector,), keep=lambda those: kept.append(tuple(those))
        )
        with pytest.raises(Unavailable):
            await Versions(own, Restarts()).open({"face-detection": "gone@1"}, list)
        assert kept == [(detector,)]

    asyncio.run(main())


def test_of_an_opening_that_is_given_up_nothing_stays_and_the_next_one_waits_for_its_end() -> None:
    async def main() -> None:
        detector, kept = cast(Network, Detector()), list[tuple[Network, ...]]()
        goes, begun = threading.Event(), list[str]()
        own = beside(stand_in(Detector()))

        def slowly(preferred: Any) -> Networks:
            begun.extend(preferred.values())
            assert goes.wait(5.0)
            assert own.beside is not None
            return own.beside(preferred)

        watched = replace(own, opened=(detector,), keep=lambda those: kept.append(tuple(those)))
        versions = Versions(replace(watched, beside=slowly), Restarts())
        first = asyncio.create_task(versions.open(version(1), list))
        await until(lambda: begun == ["more@1"], "the first opens")
        second = asyncio.create_task(versions.open(version(2), list))
        for _ in range(2):  # who gives up may be in a hurry
            first.cancel()
            await asyncio.sleep(0.02)
        assert (begun, kept) == (["more@1"], [])
        goes.set()
        with pytest.raises(asyncio.CancelledError):
            await first
        await second
        assert kept == [(detector,)]
        with pytest.raises(Corrupt):
            versions.of(version(1))
        assert versions.of(version(2)).labels == version(2)

    asyncio.run(main())


def test_for_one_more_the_version_that_was_left_longest_is_closed_and_none_in_use() -> None:
    async def main() -> None:
        versions = Versions(beside(stand_in(Detector())), Restarts())
        for number in range(MOST):
            await versions.open(version(number), list)
        used = [version(number) for number in range(MOST)]
        with pytest.raises(Unavailable, match="cannot open another"):
            await versions.open(version(99), lambda: used)
        assert [versions.of(one).labels for one in used] == used
        await versions.open(version(1), list)
        await versions.open(version(99), lambda: [version(0), version(3)])
        assert versions.of(version(99)).labels == version(99)
        with pytest.raises(Corrupt):
            versions.of(version(2))
        for number in (0, 1, 3):
            assert versions.of(version(number)).labels == version(number)

    asyncio.run(main())


def test_a_node_without_other_versions_says_so() -> None:
    versions = Versions(stand_in(Detector()), Restarts())
    with pytest.raises(Unavailable):
        asyncio.run(versions.open({"face-detection": f"{uuid4()}@1"}, list))
