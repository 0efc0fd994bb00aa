"""What a session stops doing in a pause and without the candidate's agreement, and how it goes on."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.analysis.engine import Engine
from edge.analysis.levels import LevelInForce
from edge.analysis.listening import Heard
from edge.analysis.perception import Perception
from edge.judging.watch import Watch
from edge.media.clock import SessionClock
from edge.media.frames import WINDOW_S
from edge.sessions.session import Session
from edge.sessions.session_parts import Parts
from models.results import Face
from shared.alerts import Alert
from shared.consents import Purpose
from shared.errors import Rejected
from shared.events.looks import Sense
from shared.events.types import EventType
from shared.messages.faces import Template, VerifyFrame, encode_vector
from shared.messages.sessions import StartSession
from shared.observations import Observation, SpeechHeard
from shared.policy.schema import parse_policy
from tests.support.eventually import undisturbed, until
from tests.support.fake_media import STEP_S, FakeSource
from tests.support.foreign import Detector, Voices, face_at, stand_in
from tests.support.observations import ONE, check
from tests.support.session_stage import ABSENT_S, LEVEL, QUICK, Page, Stage, order, play, quick, soon, watched

ABSENCE, STALL, CALIBRATED = EventType.FACE_NOT_FOUND, EventType.STREAM_STALLED, EventType.CALIBRATED
IMPATIENT = quick(STREAM_STALLED={"hold_s": 0.1})
CAMERA, IDENTITY, SPEECH = (
    Purpose.CAMERA_MONITORING,
    Purpose.IDENTITY_VERIFICATION,
    Purpose.SPEECH_DETECTION,
)
TEMPLATE = Template(
    embedding_id=UUID(int=5), recogniser="test@1", vector=encode_vector(np.ones(4, np.float32).tobytes())
)
SPOKEN = Heard(
    Observation(
        at=9.0, level=LEVEL, speech=SpeechHeard(duration_s=0.5, probabilities=(1.0,) * 16, lost_share=0.0)
    )
)


class CountedVoices(Voices):
    """A voice detector that counts its calls."""

    calls = 0

    def hear(self, samples: NDArray[np.float32], /) -> tuple[float, ...]:
        self.calls += 1
        return super().hear(samples)


async def changed(world: Stage, order: StartSession, **changes: object) -> StartSession:
    after = order.model_copy(update=changes)
    await world.actions.change(after)
    return after


def may_compare(world: Stage) -> tuple[bool, int]:
    """Whether the newest senses compare faces, and with how many templates."""
    order = world.orders[-1]
    return order.policy.features.face_verification, len(order.templates)


async def refused(world: Stage, order: StartSession) -> str:
    """Why a frame is not compared."""
    with pytest.raises(Rejected) as refusal:
        await world.actions.verify(VerifyFrame(session_id=order.session_id))
    assert refusal.value.status == 409
    return refusal.value.code


def test_in_a_pause_nothing_is_looked_at_or_kept_and_it_goes_on_with_what_it_had_learned() -> None:
    async def story(world: Stage) -> None:
        order = await world.started()
        page = await world.page(order)
        await world.show(page, ONE, from_s=0, to_s=1)
        world.sensing(order).learned = ("how far the eyes open",)
        await changed(world, order, paused=True)
        assert page.source.wanted == frozenset()
        assert await refused(world, order) == "session-paused"
        for _ in range(5):
            page.source.send(2.0)
            page.source.sound(2.0)
            await soon(lambda: page.source.emptied, "what came")
        paused = world.sensing(order)
        assert (paused.looked_at, paused.listened_to) == ([], [])
        assert (await world.dropped())["not_watched"] == 10
        assert (await world.state(order)).phase == "paused"
        late = await world.page(order)
        assert late.source.wanted == frozenset()
        await changed(world, order, paused=False)
        assert late.source.wanted == frozenset(Sense)
        going_on = world.sensing(order)
        assert going_on.learned == ("how far the eyes open",)
        assert going_on.resumed_s is not None
        assert await refused(world, order) == "no-frame"
        await world.show(late, ONE, from_s=3, to_s=4)
        assert (await world.actions.verify(VerifyFrame(session_id=order.session_id))).match

    play(story)


@pytest.mark.parametrize("said", [{"paused": True}, {"withheld": (CAMERA,)}])
def test_a_version_that_cannot_be_opened_here_delays_no_pause_and_no_withdrawal(said: dict[str, Any]) -> None:
    async def story(world: Stage) -> None:
        order = await world.started()
        page = await world.page(order)
        await changed(world, order, networks={"face-detection": "gone@1"}, **said)
        assert Sense.SIGHT not in page.source.wanted
        state = await world.state(order)
        assert (state.networks, state.paused, state.withheld) == (
            {},
            said.get("paused", False),
            said.get("withheld", ()),
        )

    play(story)


@pytest.mark.parametrize("versions", [{}, {"face-detection": "slow@1"}])
def test_a_withdrawal_waits_for_no_version_that_is_being_opened_and_outlasts_it(
    versions: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(world: Stage) -> None:
        opened = asyncio.Event()

        async def slowly(wanted: dict[str, str], _: object) -> None:
            if wanted:
                await opened.wait()

        versions_here = world.worker._instruments.versions
        monkeypatch.setattr(versions_here, "open", slowly)
        monkeypatch.setattr(versions_here, "of", lambda _: world.worker._instruments.networks)
        order = await world.started()
        page = await world.page(order)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(changed(world, order, networks={"face-detection": "slow@1"}))
            await asyncio.sleep(0)
            tasks.create_task(changed(world, order, networks=versions, withheld=(CAMERA,)))
            await soon(lambda: Sense.SIGHT not in page.source.wanted, "the end of watching")
            opened.set()
        assert Sense.SIGHT not in page.source.wanted
        state = await world.state(order)
        assert (state.networks, state.withheld) == (versions, (CAMERA,))
        assert world.roster.find(order.session_id).order.withheld == (CAMERA,)

    play(story)


def test_a_look_under_way_when_the_pause_begins_does_not_count() -> None:
    async def story(world: Stage) -> None:
        order = await world.started()
        page = await world.page(order)
        looking = world.sensing(order)
        looking.may_look.clear()
        await world.show_one(page, ONE, at_s=0.0)
        await changed(world, order, paused=True)
        await changed(world, order, paused=False)
        looking.may_look.set()
        await world.show_one(page, ONE, at_s=1.0)
        assert (await world.dropped())["changed"] == 1
        assert (await world.state(order)).frames_processed <= 1

    play(story)


def test_without_the_agreement_to_be_seen_a_page_that_is_gone_is_gone() -> None:
    async def story(world: Stage) -> None:
        order = await world.started()
        page = await world.page(order)
        await world.show(page, ONE, from_s=0, to_s=0.4)
        await changed(world, order, withheld=(CAMERA, SPEECH))
        page.source.frame_age_s = page.source.sound_age_s = 60.0
        assert (await world.state(order)).phase == "withheld"  # it need not send anything
        await page.seat.left()
        await soon(lambda: page.source.closed, "the end of its connection")
        assert (await world.state(order)).phase == "silent"
        again = await world.page(order)
        assert (await world.state(order)).phase == "withheld"
        assert not again.source.closed

    play(story)


ROUNDED = timedelta(milliseconds=20)
"""Alerts have whole milliseconds, and a session reads its two clocks one after the other: a busy machine may
do something else in between."""


def raised_after(world: Stage, instant: datetime) -> list[Alert]:
    """Stalls raised later than this, whenever they reach the disk."""
    return [stall for stall in world.disk.of(STALL) if stall.raised > instant + ROUNDED]


async def pause_without_a_stall(world: Stage, page: Page) -> None:
    """A pause of some time, and the stall that begins after it."""
    await changed(world, page.order, paused=True)
    in_force = datetime.now(UTC)
    await asyncio.wait({page.hearing}, timeout=0.4)
    assert raised_after(world, in_force) == []
    over = datetime.now(UTC)
    await changed(world, page.order, paused=False)
    await until(lambda: raised_after(world, over), "the stall after the pause")
    assert [stall for stall in raised_after(world, over) if stall.onset < over - ROUNDED] == []


@pytest.mark.parametrize("pauses", [1, 2])
def test_no_stall_is_expected_in_a_pause_and_the_wait_begins_after_it(pauses: int) -> None:
    async def story(world: Stage) -> None:
        order = await world.started(policy=IMPATIENT)
        page = await world.page(order)
        await world.show(page, ONE, from_s=0, to_s=STEP_S)
        for _ in range(pauses):
            await pause_without_a_stall(world, page)

    undisturbed(lambda: play(story))  # who says when a stall was raised reads another clock


def test_what_was_calibrated_before_a_pause_is_not_calibrated_again() -> None:
    async def story(world: Stage) -> None:
        order = await world.started(policy=QUICK.model_copy(update={"baseline_s": 5.0}))
        page = await world.page(order)
        await world.show(page, ONE, from_s=0, to_s=6)
        await soon(lambda: world.disk.of(CALIBRATED), "the baseline")
        await changed(world, order, paused=True)
        await changed(world, order, paused=False)
        await world.show(page, ONE, from_s=10, to_s=17)
        assert len(world.disk.of(CALIBRATED)) == 1

    play(story)


def test_a_face_that_may_not_be_compared_is_unverified_by_right_and_no_event() -> None:
    async def story(world: Stage) -> None:
        unverified = quick(IDENTITY_UNVERIFIED={"hold_s": ABSENT_S})
        order = await world.started(policy=unverified, templates=(TEMPLATE,))
        page = await world.page(order)
        await world.show(page, ONE, from_s=0, to_s=STEP_S)
        assert may_compare(world) == (True, 1)
        await changed(world, order, withheld=(IDENTITY,))
        assert await refused(world, order) == "not-agreed"
        assert may_compare(world) == (False, 0)
        await world.show(page, ONE, from_s=1, to_s=3)
        assert world.disk.of(EventType.IDENTITY_UNVERIFIED) == []
        assert (await world.state(order)).withheld == (IDENTITY,)
        await changed(world, order, withheld=())
        assert may_compare(world) == (True, 1)
        await world.show(page, ONE, from_s=4, to_s=6)
        await soon(lambda: world.disk.of(EventType.IDENTITY_UNVERIFIED), "that nothing is compared")

    play(story)


def test_a_comparison_under_way_when_the_agreement_is_withdrawn_is_not_told() -> None:
    async def story(world: Stage) -> None:
        order = await world.started()
        page = await world.page(order)
        await world.show(page, ONE, from_s=0, to_s=1)
        senses = world.sensing(order)
        senses.may_look.clear()
        asking = asyncio.create_task(refused(world, order))
        await until(lambda: senses.verifying, "the comparison")
        await changed(world, order, withheld=(IDENTITY,))
        senses.may_look.set()
        assert await asking == "not-agreed"

    play(story)


def test_without_the_camera_nothing_is_looked_at_or_missed_and_sound_goes_on() -> None:
    async def story(world: Stage) -> None:
        policy = quick(STREAM_STALLED={"hold_s": 0.1}, VOICE_DETECTED={"hold_s": 0.0})
        order = await world.started(policy=policy)
        page = await world.page(order)
        await world.leave_empty(page, from_s=0)
        await changed(world, order, withheld=(CAMERA,))
        await soon(lambda: world.disk.of(ABSENCE, 2), "the open alert's end")
        assert page.source.wanted == {Sense.HEARING}
        assert await refused(world, order) == "not-agreed"
        assert (await world.state(order)).phase == "withheld"
        told = len(world.disk.of(STALL))
        page.source.send(2.0)
        await asyncio.wait({page.hearing}, timeout=0.4)
        assert (len(world.disk.of(STALL)), world.sensing(order).looked_at) == (told, [])
        world.sensing(order).heard = SPOKEN
        await world.say(page, at_s=9.0 - WINDOW_S)
        await soon(lambda: world.disk.of(EventType.VOICE_DETECTED), "the voice")
        await changed(world, order, withheld=())
        assert page.source.wanted == frozenset(Sense)
        await world.leave_empty(page, from_s=20)

    play(story)


@pytest.mark.parametrize(
    ("feature", "withheld", "senses"),
    [("face_verification", CAMERA, {Sense.HEARING}), ("audio_monitoring", SPEECH, {Sense.SIGHT})],
)
def test_a_withdrawal_counts_also_where_it_changes_no_part_of_the_policy(
    feature: str, withheld: Purpose, senses: set[Sense]
) -> None:
    async def story(world: Stage) -> None:
        policy = parse_policy({"features": {feature: False}})
        order = await world.started(policy=policy)
        page = await world.page(order)
        assert page.source.wanted == frozenset(Sense)
        await changed(world, order, withheld=(withheld,))
        assert page.source.wanted == senses
        await changed(world, order, withheld=())
        assert page.source.wanted == frozenset(Sense)

    play(story)


def test_without_the_microphone_nothing_is_listened_to() -> None:
    async def story(world: Stage) -> None:
        order = await world.started(withheld=(SPEECH,))
        page = await world.page(order)
        assert page.source.wanted == {Sense.SIGHT}
        assert not world.orders[-1].policy.features.audio_monitoring
        page.source.sound(1.0)
        await soon(lambda: page.source.emptied, "the sound taken")
        assert world.sensing(order).listened_to == []
        await world.leave_empty(page, from_s=0)

    play(story)


def test_a_check_that_did_not_pass_its_gate_verifies_nobody() -> None:
    async def story(world: Stage) -> None:
        order = await world.started()
        page = await world.page(order)
        world.sensing(order).identity = check(None)
        await world.show(page, ONE, from_s=0, to_s=1)
        await soon(lambda: page.source.emptied, "the pictures")
        assert (await world.state(order)).last_verified_utc is None
        world.sensing(order).identity = check(0.9)
        await world.show(page, ONE, from_s=1, to_s=2)
        assert (await world.state(order)).last_verified_utc is not None

    play(story)


class Counted(Detector):
    """A face detector that counts its calls."""

    calls = 0

    def find(self, frame: NDArray[np.uint8], /) -> tuple[Face, ...]:
        self.calls += 1
        return super().find(frame)


def test_networks_are_not_called_in_a_pause_nor_without_the_candidates_agreement() -> None:
    detector, voices = Counted(face_at()), CountedVoices()
    sources = list[FakeSource]()

    def source(_: StartSession, clock: SessionClock, before: int) -> FakeSource:
        answers = asyncio.Event()
        answers.set()
        sources.append(FakeSource(clock, before, answers))
        return sources[-1]

    async def shown(at_s: float) -> tuple[int, int]:
        """How often the networks are called for a picture and a window of sound."""
        before = detector.calls, voices.calls
        sources[-1].send(at_s)
        sources[-1].sound(at_s)
        for _ in range(20):
            await asyncio.sleep(0.005)
        return detector.calls - before[0], voices.calls - before[1]

    async def main() -> None:
        networks, level = stand_in(detector, voices), LevelInForce(LEVEL)
        async with Engine(1) as engine:

            def senses(one: StartSession) -> Perception:
                return Perception(
                    one.session_id, engine, networks, policy=one.policy, templates={}, level=level
                )

            one = order()
            parts = Parts(
                perceive=senses,
                make_source=source,
                open_watch=lambda each, at_utc: Watch(watched(each, at_utc), level=LEVEL),
                level=level,
                tell=lambda _: None,
            )
            session = Session(one, parts)
            running = asyncio.create_task(session.run())
            await asyncio.sleep(0)
            await session.connections.answer(one.session_id, "offer")
            assert await shown(1.0) == (1, 1)
            session.change(one.model_copy(update={"paused": True}))
            assert [await shown(2.0 + step) for step in range(3)] == [(0, 0)] * 3
            session.change(one)
            assert await shown(6.0) == (1, 1)
            session.change(one.model_copy(update={"withheld": (CAMERA,)}))
            assert await shown(7.0) == (0, 1)
            session.change(one.model_copy(update={"withheld": (CAMERA, SPEECH)}))
            assert await shown(8.0) == (0, 0)
            session.change(one)
            assert await shown(9.0) == (1, 1)
            session.end()
            await running

    asyncio.run(main())
