"""One session from start to end: what its page shows becomes alerts on disk and notices to the page."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from edge.analysis.listening import Heard
from edge.media.frames import WINDOW_S
from edge.sessions import frame_numbers
from shared.cameras import Camera
from shared.errors import Rejected
from shared.events.types import EventType
from shared.excerpts import Excerpt
from shared.messages.faces import VerifyFrame
from shared.observations import Observation, PhraseHeard, SpeechHeard
from shared.policy.schema import parse_policy
from shared.policy.terms import Accommodation
from shared.traces.spans import TraceStep
from shared.unwatched import Kind
from tests.support.eventually import until
from tests.support.fake_media import REFUSED_OFFER
from tests.support.observations import ONE, check
from tests.support.session_stage import LEVEL, QUICK, Stage, play, quick, soon

VIRTUAL = EventType.VIRTUAL_CAMERA_SUSPECTED
ABSENCE, STALL = EventType.FACE_NOT_FOUND, EventType.STREAM_STALLED
IMPATIENT = quick(STREAM_STALLED={"hold_s": 0.1})
SPOKEN = Heard(
    Observation(
        at=9.0, level=LEVEL, speech=SpeechHeard(duration_s=0.5, probabilities=(1.0,) * 16, lost_share=0.0)
    )
)


def test_an_absence_is_told_to_the_page_and_kept_with_its_picture_and_its_end() -> None:
    async def story(world: Stage) -> None:
        order = await world.started()
        page = await world.page(order)
        await world.show(page, ONE, from_s=0, to_s=1)
        at_s = await world.leave_empty(page, from_s=1)
        await world.show(page, ONE, from_s=at_s, to_s=at_s + 1)
        await soon(lambda: world.disk.of(ABSENCE, 2), "its end")
        assert (await world.state(order)).alerts_triggered == 1
        [raised], [cleared] = world.disk.of(ABSENCE), world.disk.of(ABSENCE, 2)
        assert raised.event_id == cleared.event_id
        assert [len(one.pictures) for one in world.disk.kept if one.alert.event_type == ABSENCE] == [1, 0]
        assert len(raised.evidence_pictures) == 1
        assert raised.evidence_pictures == cleared.evidence_pictures
        assert (raised.candidate_id, raised.metadata.degradation_level) == ("candidate", LEVEL)
        [notice] = page.told
        assert (notice["event_id"], notice["level"]) == (str(raised.event_id), "warning")

    play(story)


def test_an_alert_knows_the_picture_and_the_finding_it_came_from_and_one_of_time_does_not() -> None:
    async def story(world: Stage) -> None:
        order = await world.started(policy=IMPATIENT)
        page = await world.page(order)
        before_s = time.time()
        await world.leave_empty(page, from_s=0)
        await soon(lambda: world.disk.of(STALL), "a stall")
        told = dict(zip([one.alert.event_type for one in world.disk.kept], world.disk.traced, strict=True))
        picture, finding = told[ABSENCE]
        assert (picture.step, picture.after) == (TraceStep.PICTURE, None)
        assert (finding.step, finding.after) == (TraceStep.FINDING, TraceStep.PICTURE)
        assert (
            before_s
            <= picture.begun_s
            <= finding.begun_s
            <= finding.ended_s
            == picture.ended_s
            <= time.time()
        )
        assert told[STALL] == ()

    play(story)


def test_an_open_alert_ends_with_the_session_and_so_does_the_pages_socket() -> None:
    async def story(world: Stage) -> None:
        order = await world.started()
        page = await world.page(order)
        await world.leave_empty(page, from_s=0)
        assert await world.end(order)
        assert len(world.disk.of(ABSENCE, 2)) == 1
        assert page.source.closed
        await page.hearing

    play(story)


def test_end_answers_only_after_the_last_alerts_are_on_disk() -> None:
    async def story(world: Stage) -> None:
        order = await world.started()
        page = await world.page(order)
        await world.leave_empty(page, from_s=0)
        world.disk.takes.clear()
        ending = asyncio.create_task(world.end(order))
        await soon(lambda: page.source.closed, "the connection's end")
        await asyncio.wait({ending}, timeout=0.2)
        assert not ending.done()
        assert world.disk.of(ABSENCE, 2) == []
        world.disk.takes.set()
        assert await ending
        assert len(world.disk.of(ABSENCE, 2)) == 1

    play(story)


def test_in_a_pause_what_is_open_ends_and_nothing_is_looked_at_or_listened_to() -> None:
    async def story(world: Stage) -> None:
        order = await world.started()
        page = await world.page(order)
        at_s = await world.leave_empty(page, from_s=0)
        paused = order.model_copy(update={"paused": True})
        answer = await world.actions.change(paused)
        assert answer.paused
        await soon(lambda: world.disk.of(ABSENCE, 2), "the open alert's end")
        for _ in range(5):
            page.source.send(at_s)
            page.source.sound(at_s)
            await soon(lambda: page.source.emptied, "what came")
        assert len(world.disk.of(ABSENCE)) == 1
        assert (world.sensing(order).looked_at, world.sensing(order).listened_to) == ([], [])
        assert (await world.dropped())["not_watched"] == 10
        assert (await world.state(order)).phase == "paused"
        await world.actions.change(order)
        assert (await world.state(order)).phase == "watching"
        await world.leave_empty(page, from_s=at_s + 1)
        assert len(world.disk.of(ABSENCE)) == 2

    play(story)


def test_baselines_outlive_a_pause() -> None:
    async def story(world: Stage) -> None:
        order = await world.started(policy=QUICK.model_copy(update={"baseline_s": 5.0}))
        page = await world.page(order)
        await world.show(page, ONE, from_s=0, to_s=6)
        await soon(lambda: world.disk.of(EventType.CALIBRATED), "the calibration")
        await world.actions.change(order.model_copy(update={"paused": True}))
        await world.actions.change(order)
        await world.show(page, ONE, from_s=6, to_s=13)
        await world.leave_empty(page, from_s=13)
        assert len(world.disk.of(EventType.CALIBRATED)) == 1

    play(story)


def test_another_policy_begins_anew_and_another_end_of_the_session_does_not() -> None:
    async def story(world: Stage) -> None:
        order = await world.started()
        page = await world.page(order)
        await world.leave_empty(page, from_s=0)
        later = order.model_copy(update={"expires_utc": order.expires_utc + timedelta(hours=1)})
        await world.actions.change(later)
        assert (await world.state(order)).expires_utc == later.expires_utc
        assert len(world.senses) == 1
        await world.actions.change(
            later.model_copy(update={"policy": QUICK.model_copy(update={"version": 7})})
        )
        await soon(lambda: world.disk.of(ABSENCE, 2), "the open alert's end")
        assert len(world.senses) == 2
        assert world.senses[0].eyes is world.senses[1].eyes
        assert (await world.state(order)).policy_version == 7

    play(story)


def test_what_was_being_heard_when_the_agreement_was_withdrawn_does_not_count() -> None:
    async def story(world: Stage) -> None:
        order = await world.started(policy=quick(VOICE_DETECTED={"hold_s": 0.0}))
        page = await world.page(order)
        senses = world.sensing(order)
        senses.heard = SPOKEN
        senses.may_listen.clear()
        await world.say(page, at_s=9.0 - WINDOW_S)
        await world.actions.change(order.model_copy(update={"policy": QUICK}))
        senses.may_listen.set()
        await soon(lambda: world.senses[0].listened_to, "listening's end")
        world.sensing(order).heard = None
        await world.say(page, at_s=10.0)  # listened to only when the one before is done with
        assert world.disk.of(EventType.VOICE_DETECTED) == []
        assert (await world.dropped())["changed"] == 1

    play(story)


def test_what_was_said_goes_with_the_alert_of_its_phrase() -> None:
    async def story(world: Stage) -> None:
        asked = parse_policy({"phrases": ["psst"], "features": {"speech_transcription": True}})
        order = await world.started(policy=asked.for_candidate(Accommodation(), speech_opt_in=True))
        page = await world.page(order)
        excerpt = Excerpt(phrases=("psst",), text="psst", duration_s=1.0, clip="")
        phrases = (PhraseHeard(phrase="psst", score=1.0),)
        world.sensing(order).heard = Heard(Observation(at=9.0, level=LEVEL, phrases=phrases), excerpt)
        await world.say(page, at_s=9.0 - WINDOW_S)
        await soon(lambda: world.disk.of(EventType.KEYWORD_SPOKEN), "the phrase")
        assert [one.excerpt for one in world.disk.kept] == [excerpt]
        assert page.told == []

    play(story)


def test_without_a_change_what_is_heard_counts() -> None:
    async def story(world: Stage) -> None:
        order = await world.started(policy=quick(VOICE_DETECTED={"hold_s": 0.0}))
        page = await world.page(order)
        world.sensing(order).heard = SPOKEN
        await world.say(page, at_s=9.0 - WINDOW_S)
        await soon(lambda: world.disk.of(EventType.VOICE_DETECTED), "the voice")

    play(story)


def test_a_page_that_connects_and_shows_nothing_is_a_stall() -> None:
    async def story(world: Stage) -> None:
        order = await world.started(policy=IMPATIENT)
        assert (await world.state(order)).phase == "waiting"
        await world.page(order)
        assert (await world.state(order)).phase == "silent"
        await until(lambda: world.disk.of(STALL), "the stall")

    play(story)


def test_a_page_without_a_picture_is_silent_before_that_is_a_stall() -> None:
    async def story(world: Stage) -> None:
        order = await world.started()
        page = await world.page(order)
        await world.show(page, ONE, from_s=0, to_s=0.4)
        for age_s, phase in ((1.0, "watching"), (1.3, "silent"), (0.1, "watching"), (2.9, "silent")):
            page.source.frame_age_s = age_s
            assert (await world.state(order)).phase == phase
        assert world.disk.of(STALL) == []

    play(story)


def test_a_look_that_takes_long_is_no_stall() -> None:
    async def story(world: Stage) -> None:
        order = await world.started(policy=quick(STREAM_STALLED={"hold_s": 0.5}))
        page = await world.page(order)
        world.sensing(order).may_look.clear()
        await world.show_one(page, ONE, at_s=0.0)
        for number in range(1, 8):  # pictures go on coming while the first is looked at
            await asyncio.wait({page.hearing}, timeout=0.1)
            page.source.send(number / 10)
        assert world.disk.of(STALL) == []

    play(story)


def test_pictures_that_lie_seconds_behind_come_and_are_no_stall() -> None:
    async def story(world: Stage) -> None:
        order = await world.started(policy=quick(STREAM_STALLED={"hold_s": 0.5}))
        page = await world.page(order)
        for number in range(10):
            await asyncio.wait({page.hearing}, timeout=0.1)
            page.source.send(number / 10 - 4.0)
        assert world.disk.of(STALL) == []

    play(story)


def test_a_loop_that_stands_still_is_the_nodes_own_trouble_and_no_storm_of_stalls() -> None:
    async def story(world: Stage) -> None:
        rules = {"STREAM_STALLED": {"hold_s": 1.0}, "ANALYSIS_DEGRADED": {"hold_s": 1.0}}
        order = await world.started(policy=quick(**rules))
        page = await world.page(order)
        sent = [0]

        async def send(seconds: float) -> None:
            for _ in range(round(seconds * 10)):
                await asyncio.wait({page.hearing}, timeout=0.1)
                sent[0] += 1
                page.source.send(sent[0] / 10)

        await send(1.5)
        time.sleep(3.5)  # noqa: ASYNC251  # the loop stands still: that is what is tested
        await asyncio.wait({page.hearing}, timeout=0.5)  # what waited meanwhile is not there at once
        await send(3.0)
        assert world.disk.of(STALL) == []
        [limited] = world.disk.of(EventType.ANALYSIS_DEGRADED)
        assert float(str(limited.evidence["node_late_seconds"])) >= 2.4

    play(story)


def test_the_sessions_state_counts_what_nobody_saw_and_goes_on_over_another_policy() -> None:
    async def story(world: Stage) -> None:
        order = await world.started(
            policy=quick(STREAM_STALLED={"hold_s": 60}, CANDIDATE_OFFLINE={"hold_s": 60})
        )
        page = await world.page(order)
        await world.show(page, ONE, from_s=0, to_s=0.6)
        assert (await world.state(order)).unwatched_s == {Kind.FACE: 0.0}
        await world.show(page, ONE, from_s=5, to_s=5.6)
        await world.actions.change(order.model_copy(update={"policy": QUICK}))
        before = (await world.state(order)).unwatched_s
        assert before is not None
        assert before[Kind.FACE] == pytest.approx(3.6, abs=0.2)
        paused = order.model_copy(update={"paused": True, "policy": QUICK})
        await world.actions.change(paused)
        assert (await world.state(order)).unwatched_s == before

    play(story)


def test_a_page_that_connects_in_a_pause_owes_no_picture_until_it_is_over() -> None:
    async def story(world: Stage) -> None:
        order = await world.started(policy=IMPATIENT, paused=True)
        page = await world.page(order)
        await asyncio.wait({page.hearing}, timeout=0.3)
        assert world.disk.kept == []
        await world.actions.change(order.model_copy(update={"paused": False}))
        await until(lambda: world.disk.of(STALL), "the stall")

    play(story)


def test_a_page_that_comes_back_closes_its_former_connection_and_counts_frames_on() -> None:
    async def story(world: Stage) -> None:
        order = await world.started(elapsed_s=30.0)
        first = await world.page(order)
        assert first.source.frames_before == frame_numbers.first(30.0)
        await world.show(first, ONE, from_s=30, to_s=31)
        first.source.dropped["superseded"] = 3
        second = await world.page(order)
        assert second.source.frames_before == frame_numbers.after(first.source.frame_count)
        assert second.source.clock is first.source.clock
        second.source.send(31)  # its first picture ends the former connection
        await soon(lambda: first.source.closed, "the former connection's end")
        await first.hearing
        assert not second.source.closed
        second.source.dropped["superseded"] = 4
        await world.leave_empty(second, from_s=31.2)
        assert (len(second.told), first.told) == (1, [])
        assert (await world.dropped())["superseded"] == 7

    play(story)


def test_a_page_that_leaves_closes_its_connection_and_the_session_waits_for_it() -> None:
    async def story(world: Stage) -> None:
        order = await world.started()
        page = await world.page(order)
        await world.show(page, ONE, from_s=0, to_s=1)
        assert (await world.state(order)).phase == "watching"
        await page.seat.left()
        assert page.source.closed
        page.source.frame_age_s = 4.0
        assert (await world.state(order)).phase == "silent"
        await world.leave_empty(await world.page(order), from_s=1)

    play(story)


def test_of_two_offers_at_once_the_slower_is_refused_and_its_connection_closed() -> None:
    async def story(world: Stage) -> None:
        order = await world.started()
        slow = await world.seat(order)
        world.answers.clear()
        answering = asyncio.create_task(slow.answer("slow offer"))
        await soon(lambda: len(world.sources) == 1, "the first connection")
        quicker = await world.seat(order)
        world.answers = asyncio.Event()
        world.answers.set()
        assert await quicker.answer("offer") == "answer to offer"
        world.sources[0].may_answer.set()
        with pytest.raises(Rejected) as refusal:
            await answering
        assert (refusal.value.code, refusal.value.status) == ("superseded", 409)
        assert [source.closed for source in world.sources] == [True, False]

    play(story)


def test_an_offer_that_cannot_be_answered_leaves_the_former_connection_alone() -> None:
    async def story(world: Stage) -> None:
        order = await world.started()
        page = await world.page(order)
        with pytest.raises(Rejected):
            await page.seat.answer(REFUSED_OFFER)
        assert [source.closed for source in world.sources] == [False, True]
        await page.seat.add_candidate("candidate:1", "0", 0)
        assert page.source.candidates == ["candidate:1"]

    play(story)


def test_connections_that_are_refused_or_fail_are_counted_by_cause_also_after_the_session() -> None:
    async def story(world: Stage) -> None:
        order = await world.started()
        page = await world.page(order)
        with pytest.raises(Rejected):
            await page.seat.answer(REFUSED_OFFER)
        page.source.error = "ice"
        await page.source.close()

        async def counted() -> bool:
            return (await world.worker.report()).connection_errors == {"bad-offer": 1, "ice": 1}

        await until(counted, "its end")
        second = await world.page(order)
        await second.source.close()
        await world.end(order)
        assert await counted()

    play(story)


def test_candidates_go_to_the_pages_own_connection_and_none_comes_before_the_offer() -> None:
    async def story(world: Stage) -> None:
        order = await world.started()
        seat = await world.seat(order)
        with pytest.raises(Rejected) as refusal:
            await seat.add_candidate("candidate:0", "0", 0)
        assert (refusal.value.code, refusal.value.status) == ("no-offer", 409)
        first, second = await world.page(order), await world.page(order)
        await second.seat.add_candidate("candidate:2", "0", 0)
        await first.seat.add_candidate("candidate:1", "0", 0)  # late, for a connection that is replaced
        assert second.source.candidates == ["candidate:2"]

    play(story)


def test_an_offer_while_the_session_ends_is_refused_and_its_connection_closed() -> None:
    async def story(world: Stage) -> None:
        order = await world.started()
        page, late = await world.page(order), await world.seat(order)
        page.source.may_close.clear()
        ending = asyncio.create_task(world.end(order))
        await soon(lambda: len(world.roster) == 0, "its leaving the roster")
        with pytest.raises(Rejected) as refusal:
            await late.answer("offer")
        assert (refusal.value.code, refusal.value.status) == ("session-ended", 410)
        assert [source.closed for source in world.sources] == [False, True]
        page.source.may_close.set()
        assert await ending

    play(story)


def test_an_offer_after_the_end_is_refused() -> None:
    async def story(world: Stage) -> None:
        order = await world.started()
        page = await world.page(order)
        await world.end(order)
        with pytest.raises(Rejected) as refusal:
            await page.seat.answer("offer")
        assert (refusal.value.code, refusal.value.status) == ("session-ended", 410)
        assert all(source.closed for source in world.sources)
        await page.seat.add_candidate("candidate:1", "0", 0)
        await page.seat.left()

    play(story)


def test_a_frame_is_checked_on_request_by_its_number_or_the_newest() -> None:
    async def story(world: Stage) -> None:
        order = await world.started()
        newest = VerifyFrame(session_id=order.session_id)
        with pytest.raises(Rejected) as early:
            await world.actions.verify(newest)
        assert (early.value.code, early.value.status) == ("no-frame", 409)
        page = await world.page(order)
        await world.show(page, ONE, from_s=0, to_s=1)
        checked = await world.actions.verify(newest)
        assert (checked.frame_id, checked.match) == (5, True)
        assert abs(checked.captured_utc - datetime.now(UTC)) < timedelta(seconds=60)
        again = await world.actions.verify(newest.model_copy(update={"frame_id": 5}))
        assert (again.frame_id, again.embedding_id) == (5, checked.embedding_id)
        with pytest.raises(Rejected) as gone:
            await world.actions.verify(newest.model_copy(update={"frame_id": 4}))
        assert (gone.value.code, gone.value.status) == ("frame-gone", 410)

    play(story)


def test_a_damaged_picture_is_no_stall_but_is_not_looked_at_and_the_newest_one_is() -> None:
    async def story(world: Stage) -> None:
        order = await world.started()
        page = await world.page(order)
        senses = world.sensing(order)
        senses.may_look.clear()
        await world.show(page, ONE, from_s=0, to_s=0.2)  # being looked at
        for at_s in (0.2, 0.4):
            frame = page.source.send(at_s)
            await soon(lambda: page.source.emptied, "the picture taken")
        page.source.send(0.6, damaged=True)
        await soon(lambda: page.source.emptied, "the damaged one taken")
        senses.may_look.set()
        await soon(lambda: senses.looked_at == [1, frame.frame_id], "the newest whole one")
        dropped = await world.dropped()
        assert (dropped["damaged"], dropped["analysis_busy"]) == (1, 1)
        assert (await world.state(order)).frames_processed >= 1

    play(story)


def test_a_heartbeat_says_how_the_session_stands() -> None:
    async def story(world: Stage) -> None:
        order = await world.started()
        page = await world.page(order)
        world.sensing(order).identity = check(0.9)
        await world.leave_empty(page, from_s=0)
        state = await world.state(order)
        assert (state.session_id, state.epoch, state.phase) == (order.session_id, 1, "watching")
        assert (state.frames_processed, state.alerts_triggered) == (4, 1)
        assert state.last_verified_utc is not None
        assert (state.paused, state.hears_phrases) == (False, False)

    play(story)


def test_senses_that_fail_end_their_session_alone_and_it_may_be_started_again() -> None:
    async def story(world: Stage) -> None:
        ill, well = await world.started(), await world.started()
        page, other = await world.page(ill), await world.page(well)
        await world.leave_empty(page, from_s=0)
        world.sensing(ill).fails = RuntimeError("a network is broken")
        page.source.send(2.0)
        await page.hearing  # its socket ends
        await soon(lambda: world.disk.of(ABSENCE, 2), "the open alert's end")
        assert page.source.closed
        await soon(lambda: len(world.roster) == 1, "the failed session's leaving")
        await world.leave_empty(other, from_s=0)
        await world.actions.start(ill)
        assert len(world.roster) == 2

    play(story)


def test_what_a_page_says_of_its_camera_is_told_once_and_only_while_it_may_be_looked_at() -> None:
    async def story(world: Stage) -> None:
        order = await world.started()
        page = await world.page(order)
        await world.actions.change(order.model_copy(update={"paused": True}))
        camera = Camera(label="OBS Virtual Camera")
        await page.seat.show_camera(camera)
        await asyncio.sleep(0.05)
        assert world.disk.of(VIRTUAL) == []
        await world.actions.change(order)
        await soon(lambda: world.disk.of(VIRTUAL, 2), "the remark")
        await page.seat.show_camera(camera)
        second = await world.page(order)
        await second.seat.show_camera(camera)
        await world.actions.change(
            order.model_copy(update={"policy": QUICK.model_copy(update={"version": 7})})
        )
        assert await world.end(order)
        await second.seat.show_camera(Camera(label="Snap Camera"))
        assert len(world.disk.of(VIRTUAL)) == 1
        assert page.told == []

    play(story)
