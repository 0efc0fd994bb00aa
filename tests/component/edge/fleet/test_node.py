"""A node put together as the daemon does it, with stand-in networks and no hub: real media, a real disk."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from typing import cast
from uuid import uuid4

import cv2
import numpy as np
import pytest
from aiortc import RTCSessionDescription
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.analysis.measured import Measured
from edge.assembling import assembled, worker_settings
from edge.desired.beginning import Begun, begin
from edge.desired.course import KeptOrders
from edge.fleet.frame_requests import FEWER_HZ
from edge.fleet.load import FEWEST_CALLS, LoadMeter
from edge.fleet.node import Node
from edge.fleet.stepping import Stepping
from edge.judging.alerts import AlertRevision
from edge.media.lateness import Lateness
from edge.node_identity import Identity
from edge.outbound.alert_writer import QUEUE
from edge.outbound.envelope import OutgoingAlert, envelope_of
from edge.outbound.message import seal
from edge.outbound.outbox_caps import Caps
from edge.outbound.outbox_thread import OutboxThread
from edge.sessions.port import Worker, WorkerReport
from edge.sessions.seat import Door
from edge.workers.watching import in_this_process
from shared.alerts import AlertHeader, decode_shown
from shared.bundles import unbundled
from shared.errors import Rejected, Unavailable
from shared.events.types import EventType, Lane
from shared.messages.comparing import CompareTemplates
from shared.messages.desired import Desired
from shared.messages.faces import Template, VerifyFrame, encode_vector
from shared.messages.heartbeats import Marks
from shared.messages.message import parse
from shared.messages.sessions import EndSession
from shared.policy.terms import ENROLLMENT_GATE
from shared.sealing import new_sealing_key, open_body, pack, unpack, verify
from shared.web_server.doors import Doors
from shared.web_server.doorway import Bounds
from tests.support.alerts import alert, new_identity
from tests.support.candidates import Picture, Tone, offer_of
from tests.support.eventually import PATIENCE_S
from tests.support.foreign import Detector, stand_in
from tests.support.orders import session_token, start_order
from tests.support.session_stage import QUICK, TOKEN_KEY as COORDINATOR, config

EXAM_KEY, TOKEN_KEY = new_sealing_key(), Ed25519PrivateKey.generate()
LATE = Measured("faces", 0.5, 0.2, "done")


@dataclass
class Made:
    """One node, its keys and its disk."""

    node: Node
    identity: Identity
    outbox: OutboxThread

    async def until_kept(self, lane: Lane) -> None:
        """Until an alert is on disk."""
        for _ in range(1_500):
            if await self.outbox.sequences(lane):
                return
            await asyncio.sleep(0.02)
        pytest.fail("no alert reached the disk")

    async def kept(self, lane: Lane) -> list[bytes]:
        return [one.message for one in await self.outbox.messages(lane, await self.outbox.sequences(lane))]


@asynccontextmanager
async def made(folder: Path) -> AsyncIterator[Made]:
    identity = new_identity()
    password = folder / "password"
    password.touch(mode=0o600)
    password.write_text("secret")
    settings = config()
    nats = settings.nats.model_copy(update={"password_file": password})
    outbox = await OutboxThread.open(
        folder / "outbox.db", Caps(max_alerts=1_000, max_bytes=2**30), partial(seal, node=identity)
    )
    try:
        settings = settings.model_copy(update={"nats": nats, "data_folder": folder})
        watch = partial(
            in_this_process,
            worker_settings(settings, identity.node_id),
            open_networks=lambda _: stand_in(Detector()),
        )
        async with assembled(
            Begun(settings, settings, KeptOrders()), identity, watch, outbox, Doors(Bounds(100, 100))
        ) as node:
            yield Made(node, identity, outbox)
            await node.actions.close()
    finally:
        await outbox.close()


def play(folder: Path, story: Callable[[Made], Awaitable[None]]) -> None:
    async def run() -> None:
        async with made(folder) as world:
            await asyncio.wait_for(story(world), PATIENCE_S)

    asyncio.run(run())


def test_what_a_page_shows_lies_sealed_on_disk_and_stands_in_heartbeat_and_metrics(tmp_path: Path) -> None:
    async def story(world: Made) -> None:
        node = world.node
        order = start_order(exam_key=EXAM_KEY, token_key=TOKEN_KEY, policy=QUICK)
        await node.actions.start(order)
        await node.worker.set_level(2)
        door = Door(node.assignments.roster, node.worker)
        seat = await door.connect(order.session_id, session_token(TOKEN_KEY, order.session_id))
        candidate = await offer_of(Picture(), Tone())
        try:
            answer = await seat.answer(candidate.localDescription.sdp)
            await candidate.setRemoteDescription(RTCSessionDescription(answer, "answer"))
            await world.until_kept(Lane.CONDUCT)
            beat, text = await node.heartbeat(), (await node.metrics_text()).decode()
            checked = await node.actions.verify(VerifyFrame(session_id=order.session_id))
        finally:
            await candidate.close()
        assert checked.match is None
        assert (beat.level, beat.rating, beat.recognisers) == (2, 2, ("brightness@1",))
        assert beat.measures is not None
        assert (beat.measures.product, beat.measures.certificate_ends_utc) == (version("proctor"), None)
        [state] = beat.sessions
        assert (state.session_id, state.phase, state.alerts_triggered) == (order.session_id, "watching", 1)
        assert 'alerts_generated_total{event_type="FACE_NOT_FOUND",severity="medium"} 1.0' in text
        assert 'frames_processed_total{model="faces"}' in text
        assert "degradation_level 2.0" in text
        assert "session_rating 2.0" in text
        assert "clock_skew_seconds 0.0" in text
        assert 'pictures_total{what="looked_at"}' in text
        assert "frame_to_decision_seconds_count 0.0" not in text
        assert "active_exam_sessions 1.0" in text
        await node.actions.end(EndSession(session_id=order.session_id, submitted=True))
        messages = [unpack(unbundled(one).message) for one in await world.kept(Lane.CONDUCT)]
        for parcel in messages:
            verify(parcel, world.identity.signing.public_key())
        headers = [parse(AlertHeader, parcel.header) for parcel in messages]
        assert [(one.sequence, one.revision, one.epoch) for one in headers] == [(1, 1, 1), (2, 2, 1)]
        alerts = [decode_shown(open_body(parcel, EXAM_KEY)).alert for parcel in messages]
        assert {one.event_type for one in alerts} == {EventType.FACE_NOT_FOUND}
        assert (alerts[0].metadata.node, alerts[0].metadata.degradation_level) == (node.identity.node_id, 2)

    play(tmp_path, story)


def test_a_node_without_a_session_enrolls_compares_and_is_well_but_for_the_hub(tmp_path: Path) -> None:
    async def story(world: Made) -> None:
        node = world.node
        enrolled = await node.actions.enroll(jpeg(), ENROLLMENT_GATE)
        assert (enrolled.faces, enrolled.templates) == (0, ())
        with pytest.raises(Rejected) as refusal:
            await node.actions.enroll(b"GIF89a", ENROLLMENT_GATE)
        assert refusal.value.status == 422
        vector = encode_vector(np.array([1.0, 0.0], np.float32).tobytes())
        template = Template(embedding_id=uuid4(), recogniser="brightness@1", vector=vector)
        other = template.model_copy(update={"recogniser": "unknown@1"})
        compared = await node.actions.compare(CompareTemplates(probe=(template,), others=(template, other)))
        assert compared.similarities == (1.0, None)
        beat, health = await node.heartbeat(), await node.health()
        assert (beat.level, beat.sessions, beat.device) == (1, (), "cpu")
        assert (health.score, health.reasons) == (7, ("hub-away",))

    play(tmp_path, story)


def test_alerts_that_the_disk_had_no_time_for_are_counted_also_after_their_session(tmp_path: Path) -> None:
    async def story(world: Made) -> None:
        node, order = world.node, start_order()
        await node.actions.start(order)
        for second in range(QUEUE + 9):  # at once: the writer has no chance between
            made = AlertRevision(alert(order.session_id, second), 1)
            node.assignments.hear(OutgoingAlert(made, envelope_of(order)))
        lost = 'media_dropped_total{reason="alert_overflow"} 9.0'
        assert lost in (await node.metrics_text()).decode()
        await node.actions.end(EndSession(session_id=order.session_id, submitted=True))
        await node.assignments.all_written()  # a slow disk may need longer than `end` waits
        assert lost in (await node.metrics_text()).decode()
        assert len(await world.kept(Lane.CONDUCT)) == QUEUE

    play(tmp_path, story)


def test_a_session_that_is_ending_is_named_no_more(tmp_path: Path) -> None:
    async def story(world: Made) -> None:
        node, order = world.node, start_order()
        await node.actions.start(order)
        assert len((await node.heartbeat()).sessions) == 1
        node.assignments.roster.end(order.session_id)
        assert len((await node.worker.report()).sessions) == 1
        assert (await node.heartbeat()).sessions == ()

    play(tmp_path, story)


def jpeg() -> bytes:
    done, data = cv2.imencode(".jpg", np.full((240, 320, 3), 128, np.uint8))
    assert done
    return data.tobytes()


class _Deaf:
    """A worker that takes no level the first time."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.refuses = True

    async def report(self) -> WorkerReport:
        return await self.worker.report()

    async def set_level(self, level: int) -> None:
        if self.refuses:
            self.refuses = False
            raise Unavailable("the worker starts again")
        await self.worker.set_level(level)


def test_given_settings_count_in_the_node_and_interrupt_no_session(tmp_path: Path) -> None:
    async def story(world: Made) -> None:
        node, restarts = world.node, list[bool]()
        one = start_order()
        await node.actions.start(one)
        await node.actions.configure(Desired(version=1, settings={"rating": 1}))
        beat = await node.heartbeat()
        assert (beat.rating, len(beat.sessions)) == (1, 1)
        assert beat.desired is not None
        assert (beat.desired.version, beat.desired.standing, beat.desired.in_force) == (1, "trial", 1)
        with pytest.raises(Rejected, match="its limit"):
            await node.actions.start(start_order())
        for at_s in range(1, 100):
            node.configuring.look((), beat.models, monotonic() + at_s, lambda: restarts.append(True))
        await node.actions.configure(Desired(version=2, settings={"threads": 3}))
        for at_s in range(100, 200):
            node.configuring.look((), beat.models, monotonic() + at_s, lambda: restarts.append(True))
        beat = await node.heartbeat()
        assert beat.desired is not None
        assert (beat.desired.standing, beat.desired.in_force, len(beat.sessions)) == ("pending", 1, 1)
        assert restarts == []
        await node.actions.end(EndSession(session_id=one.session_id, submitted=True))
        for at_s in range(200, 220):
            node.configuring.look((), beat.models, monotonic() + at_s, lambda: restarts.append(True))
        assert restarts == []  # nobody has spoken to it yet who could have sessions for it
        said = Marks(node_id=node.identity.node_id, marks=())
        await node.publisher.marks(pack(said.model_dump(mode="json"), b"", COORDINATOR))
        for at_s in range(220, 240):
            node.configuring.look((), beat.models, monotonic() + at_s, lambda: restarts.append(True))
        assert restarts[:1] == [True]
        assert begin(node.config).running.analysis.threads == 3  # as the daemon does that starts next

    play(tmp_path, story)


def test_a_level_that_a_worker_did_not_take_is_set_again(tmp_path: Path) -> None:
    async def story(world: Made) -> None:
        deaf, meter = cast(Worker, _Deaf(world.node.worker)), LoadMeter(Lateness())
        stepping = Stepping(deaf, meter, lambda _: None, best=1)
        levels = []
        for second in range(10):
            for _ in range(FEWEST_CALLS):
                meter.called(LATE)
            await stepping.measure(float(second))
            levels.append((await world.node.worker.report()).level)
        assert levels == [1] * 9 + [2]

    play(tmp_path, story)


def test_a_node_whose_looks_come_late_goes_down_a_level_and_tells_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(world: Made) -> None:
        node, meter = world.node, LoadMeter(Lateness())
        asked: list[int] = []
        stepping = Stepping(node.worker, meter, asked.append, best=1)
        for second in range(9):
            assert (await node.heartbeat()).level == 1
            assert "overloaded" not in (await node.health()).reasons
            for _ in range(FEWEST_CALLS):
                meter.called(LATE)
            await stepping.measure(float(second))
        beat = await node.heartbeat()
        assert (beat.level, stepping.why) == (2, ("analysis-lag",))
        assert asked == [FEWER_HZ]
        assert "overloaded" in beat.reasons
        assert b"degradation_level 2.0" in await node.metrics_text()

    with caplog.at_level(logging.INFO, "edge.fleet.stepping"):
        play(tmp_path, story)
    asks, told = [record for record in caplog.records if record.name == "edge.fleet.stepping"]
    assert "asks pages for fewer frames" in asks.message
    for record in (asks, told):
        assert (record.levelno, record.__dict__["why"]) == (logging.WARNING, "analysis-lag")
        assert record.__dict__["load_analysis_lag"] == pytest.approx(0.7)
