"""The daemon as a whole: a real process, a real hub, real WebRTC, real networks, real deaths."""

import asyncio
import socket
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import cv2
import httpx
import nats.errors
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from numpy.typing import NDArray

from edge.media.writer import write_recording
from shared.events.types import EventType, Lane
from shared.messages.commands import ReplyHeader
from shared.messages.faces import EnrolledPicture, VerifiedFrame, VerifyFrame
from shared.messages.message import parse
from shared.messages.sessions import EndSession, SessionAccepted, SessionChanged, SessionEnded, StartSession
from shared.policy.terms import ENROLLMENT_GATE
from shared.sealing import new_sealing_key, signing_public_text
from tests.support.collector import Collector, collector
from tests.support.coordinator import FakeCoordinator, fake_coordinator
from tests.support.edge_daemon import PROGRAM, EdgeDaemon, made_identity, need_weights
from tests.support.eventually import until
from tests.support.nats import RunningServer, nats_server
from tests.support.orders import session_token, start_order
from tests.support.supervising import Heard, hearing
from tests.support.weights import faces_label

pytestmark = pytest.mark.realtime

FPS = 10
EXAM_KEY = new_sealing_key()
FRESH_KEY = signing_public_text(Ed25519PrivateKey.generate().public_key())
Pixels = NDArray[np.uint8]


@dataclass
class Stage:
    """Everything around one node."""

    server: RunningServer
    daemon: EdgeDaemon
    coordinator: FakeCoordinator
    folder: Path
    heard: Heard

    async def start(self, order: StartSession) -> SessionAccepted:
        answer, body = await self.coordinator.command("start", order)
        assert answer.status == "ok", answer
        return parse(SessionAccepted, body)

    def stored(self, event: EventType, revision: int = 1) -> list[Any]:
        alerts = self.coordinator.committed.alerts
        return [one for (_, number), one in alerts.items() if (one.event_type, number) == (event, revision)]


@asynccontextmanager
async def stage(tmp_path: Path, traces_url: str | None = None) -> AsyncIterator[Stage]:
    identity = made_identity(tmp_path / "edge")
    with nats_server(tmp_path, [identity.node_id]) as server:
        async with fake_coordinator(server, identity, EXAM_KEY) as coordinator:
            daemon = EdgeDaemon(
                tmp_path / "edge", server, identity, coordinator.public_text, traces_url=traces_url
            )
            with hearing(tmp_path) as heard:
                await asyncio.to_thread(daemon.start, NOTIFY_SOCKET=heard.address)
                try:
                    yield Stage(server, daemon, coordinator, tmp_path, heard)
                finally:
                    await asyncio.to_thread(daemon.kill)


def film(path: Path, pictures: list[Pixels]) -> Path:
    """A silent film, each picture one frame."""
    sound = np.zeros(len(pictures) * 48_000 // FPS, np.float32)
    write_recording(path, pictures, sound, frames_per_s=FPS, samples_per_s=48_000)
    return path


def empty_room(seconds: float) -> list[Pixels]:
    """Nobody there: a wall with a shelf and the camera's noise."""
    random = np.random.default_rng(1)
    wall = np.full((480, 640, 3), (150, 160, 170), np.uint8)
    cv2.rectangle(wall, (60, 80), (580, 120), (60, 80, 110), -1)
    cv2.rectangle(wall, (250, 260), (390, 470), (80, 70, 60), -1)
    noise = [random.integers(0, 12, wall.shape, np.uint8) for _ in range(4)]
    return [wall + noise[frame % 4] for frame in range(round(seconds * FPS))]


async def send(stage: Stage, recording: Path, accepted: SessionAccepted, key: Ed25519PrivateKey) -> Any:
    """A simulated candidate as a process of its own."""
    token = stage.folder / f"token-{accepted.session_id}"
    token.touch(mode=0o600)
    token.write_text(session_token(key, accepted.session_id))
    command: list[str | Path] = [
        PROGRAM,
        "simulate-candidate",
        recording,
        "--signaling-url",
        accepted.signaling_url,
    ]
    return await asyncio.create_subprocess_exec(
        *command, "--token-file", token, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


@pytest.fixture(autouse=True)
def weights() -> None:
    need_weights()


def astronaut() -> Pixels:
    """Eileen Collins, as scikit-image ships her, BGR."""
    data = pytest.importorskip("skimage.data")
    return np.asarray(cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR), np.uint8)


def jpeg(picture: Pixels) -> bytes:
    done, data = cv2.imencode(".jpg", picture)
    assert done
    return data.tobytes()


def somebody(seconds: float) -> list[Pixels]:
    """Her before the camera, moving a little."""
    picture = cv2.resize(astronaut()[:384], (640, 480))
    frames = range(round(seconds * FPS))
    return [np.roll(picture, round(4 * np.sin(frame / 5)), axis=1) for frame in frames]


def test_from_start_over_real_media_to_sealed_alerts_and_a_clean_end(tmp_path: Path) -> None:
    async def story(traced: Collector) -> None:
        recording = film(tmp_path / "empty.mkv", empty_room(9))
        key = Ed25519PrivateKey.generate()
        async with stage(tmp_path, traced.url) as world:
            await until(lambda: len(world.coordinator.committed.heartbeats) > 0, "a heartbeat")
            order = start_order(exam_key=EXAM_KEY, token_key=key)
            accepted = await world.start(order)
            assert await world.start(order) == accepted
            candidate = await send(world, recording, accepted, key)
            await until(lambda: world.stored(EventType.FACE_NOT_FOUND) != [], "the alert")
            _, body = await world.coordinator.command("verify", VerifyFrame(session_id=order.session_id))
            assert parse(VerifiedFrame, body).match is None
            output, _ = await candidate.communicate()
            assert b"streaming_since_utc" in output, output.decode()
            assert world.daemon.metric("active_exam_sessions") == 1
            assert world.daemon.metric("alerts_generated_total", event_type="FACE_NOT_FOUND") == 1
            _, body = await world.coordinator.command(
                "end", EndSession(session_id=order.session_id, submitted=True)
            )
            assert parse(SessionEnded, body).was_running
            await until(lambda: world.stored(EventType.FACE_NOT_FOUND, 2) != [], "its end")
            [alert] = world.stored(EventType.FACE_NOT_FOUND)
            assert alert.candidate_id == "candidate"
            assert world.coordinator.committed.jpegs[alert.event_id].startswith(b"\xff\xd8")
            assert alert.metadata.models["faces"]
            code, took_s = await asyncio.to_thread(world.daemon.stop)
            assert code == 0, world.daemon.log
            assert took_s < 10
            assert [await world.heard.next(), await world.heard.next()] == ["READY=1", "STOPPING=1"]
            assert_traced(traced, alert.event_id)

    with collector() as traced:
        asyncio.run(story(traced))


def assert_traced(traced: Collector, alert_id: UUID) -> None:
    """The alert's trace goes from a picture and its looks over the finding to the hub, in one tree."""
    raised = {span.name: span for span in traced.of_revision(alert_id, 1)}
    looks = [name for name in raised if name.startswith("look ")]
    assert "look faces 1" in looks
    assert raised.keys() - {*looks} == {"picture", "finding", "alert", "hub"}
    parents = {name: span.parent_span_id for name, span in raised.items()}
    assert parents["picture"] == b""
    assert {parents[name] for name in (*looks, "finding")} == {raised["picture"].span_id}
    assert (parents["alert"], parents["hub"]) == (raised["finding"].span_id, raised["alert"].span_id)


def test_enrollment_pictures_become_templates_or_reasons(tmp_path: Path) -> None:
    face = astronaut()
    pair = np.hstack([face[:256, 100:356], face[:256, 100:356]])
    wrong = {
        "brightness": (face * 0.12).astype(np.uint8),
        "sharpness": cv2.GaussianBlur(face, (0, 0), 4).astype(np.uint8),  # some detectors see no face in 5
        "size": cv2.resize(face, (200, 200)).astype(np.uint8),
        "one-face": pair,
    }

    async def enroll(world: Stage, data: bytes) -> tuple[ReplyHeader, EnrolledPicture | None]:
        answer, body = await world.coordinator.command("enroll", data, gate=ENROLLMENT_GATE)
        return answer, parse(EnrolledPicture, body) if body else None

    async def story() -> None:
        async with stage(tmp_path) as world:
            await until(lambda: len(world.coordinator.committed.heartbeats) > 0, "a heartbeat")
            served = world.coordinator.committed.heartbeats[0].recognisers
            _, good = await enroll(world, jpeg(face))
            assert good is not None
            assert good.failed == ()
            assert tuple(template.recogniser for template in good.templates) == served
            for check, picture in wrong.items():
                _, refused = await enroll(world, jpeg(picture))
                assert refused is not None
                assert check in [failed.check for failed in refused.failed], (check, refused.failed)
                assert refused.templates == ()
            _, nobody = await enroll(world, jpeg(empty_room(0.1)[0]))
            assert nobody is not None
            assert (nobody.faces, nobody.failed[0].check) == (0, "one-face")
            for noise in (b"", b"GIF89a" + bytes(50), jpeg(face)[:200]):
                answer, nothing = await enroll(world, noise)
                assert (answer.status, answer.http_status, nothing) == ("rejected", 422, None)

    asyncio.run(story())


@pytest.mark.chaos
def test_killed_between_outbox_and_hub_it_sends_every_alert_once_and_takes_the_session_again(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        recording = film(tmp_path / "empty.mkv", empty_room(8))
        key = Ed25519PrivateKey.generate()
        async with stage(tmp_path) as world:
            await until(lambda: len(world.coordinator.committed.heartbeats) > 0, "a heartbeat")
            order = start_order(exam_key=EXAM_KEY, token_key=key)
            candidate = await send(world, recording, await world.start(order), key)
            world.server.kill()
            await waiting(world, at_least=1)
            world.daemon.kill()
            await candidate.communicate()
            assert world.coordinator.committed.alerts == {}
            world.server.start()
            await asyncio.to_thread(world.daemon.start)
            await until(lambda: world.stored(EventType.FACE_NOT_FOUND) != [], "the kept alert")
            await until(lambda: world.daemon.metric("outbox_depth", lane="conduct") == 0, "an empty outbox")
            seen = [one.sequence for one in world.coordinator.committed.headers if one.lane is Lane.CONDUCT]
            assert sorted(set(seen)) == list(range(1, len(set(seen)) + 1))
            assert len(world.stored(EventType.FACE_NOT_FOUND)) == 1
            assert world.daemon.metric("active_exam_sessions") == 0
            await until_obeyed(world, order)
            assert world.daemon.metric("active_exam_sessions") == 1

    asyncio.run(story())


async def waiting(world: Stage, at_least: int) -> None:
    def enough() -> bool:
        return world.daemon.metric("outbox_depth", lane="conduct") >= at_least

    await until(enough, f"{at_least} alerts in the outbox")


async def until_obeyed(world: Stage, order: StartSession) -> None:
    """The node may need a moment to hear the hub again."""
    for _ in range(50):
        try:
            await world.start(order)
            return
        except nats.errors.Error:
            await asyncio.sleep(0.2)
    raise AssertionError("the session was not taken again")


def test_a_page_that_falls_silent_is_a_stall_and_never_an_absent_face(tmp_path: Path) -> None:
    async def story() -> None:
        recording = film(tmp_path / "somebody.mkv", somebody(30))
        key = Ed25519PrivateKey.generate()
        async with stage(tmp_path) as world:
            await until(lambda: len(world.coordinator.committed.heartbeats) > 0, "a heartbeat")
            order = start_order(exam_key=EXAM_KEY, token_key=key)
            candidate = await send(world, recording, await world.start(order), key)
            await until(
                lambda: world.daemon.metric("frames_processed_total", model=faces_label()) > 20, "frames"
            )
            candidate.kill()
            await candidate.wait()
            await until(lambda: world.stored(EventType.STREAM_STALLED) != [], "the stall")
            await until(lambda: world.stored(EventType.CANDIDATE_OFFLINE) != [], "offline")
            assert world.stored(EventType.FACE_NOT_FOUND) == []
            assert world.stored(EventType.LEFT_FRAME) == []

    asyncio.run(story())


def test_a_page_that_comes_back_goes_on_in_the_same_session_until_the_node_is_told_to_end(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        recording = film(tmp_path / "somebody.mkv", somebody(5))
        key = Ed25519PrivateKey.generate()
        async with stage(tmp_path) as world:
            await until(lambda: len(world.coordinator.committed.heartbeats) > 0, "a heartbeat")
            order = start_order(exam_key=EXAM_KEY, token_key=key)
            accepted = await world.start(order)
            frames = []
            for _ in range(2):
                candidate = await send(world, recording, accepted, key)
                output, _ = await candidate.communicate()
                assert candidate.returncode == 0, output.decode()
                _, body = await world.coordinator.command("verify", VerifyFrame(session_id=order.session_id))
                frames.append(parse(VerifiedFrame, body))
                await until(lambda: len(world.stored(EventType.STREAM_STALLED)) == len(frames), "the stall")
            assert frames[0].frame_id < frames[1].frame_id
            assert frames[0].captured_utc < frames[1].captured_utc
            assert len(world.stored(EventType.STREAM_STALLED, 2)) == 1
            assert world.stored(EventType.FACE_NOT_FOUND) == []
            gone = VerifyFrame(session_id=order.session_id, frame_id=1)
            answer, _ = await world.coordinator.command("verify", gone)
            assert (answer.code, answer.http_status) == ("frame-gone", 410)
            code, took_s = await asyncio.to_thread(world.daemon.stop)
            assert (code, took_s < 10) == (0, True), world.daemon.log
            await until(lambda: len(world.stored(EventType.STREAM_STALLED, 2)) == 2, "the last stall's end")

    asyncio.run(story())


def test_a_running_session_is_paused_and_goes_on_under_another_policy(tmp_path: Path) -> None:
    async def story() -> None:
        recording, key = film(tmp_path / "somebody.mkv", somebody(3)), Ed25519PrivateKey.generate()
        async with stage(tmp_path) as world:
            await until(lambda: len(world.coordinator.committed.heartbeats) > 0, "a heartbeat")
            order = start_order(exam_key=EXAM_KEY, token_key=key)
            candidate = await send(world, recording, await world.start(order), key)
            await candidate.communicate()
            await until(lambda: len(world.stored(EventType.STREAM_STALLED)) == 1, "the stall")

            held = order.model_copy(update={"paused": True})
            answer, body = await world.coordinator.command("change", held)
            assert (answer.status, parse(SessionChanged, body).paused) == ("ok", True)
            await until(lambda: len(world.stored(EventType.STREAM_STALLED, 2)) == 1, "the stall's end")
            beats = world.coordinator.committed.heartbeats
            await until(lambda: beats[-1].sessions[0].phase == "paused", "the pause in a heartbeat")
            assert beats[-1].sessions[0].paused
            assert len(world.stored(EventType.STREAM_STALLED)) == 1  # nothing is judged meanwhile

            policy = order.policy.model_copy(update={"version": 7})
            await world.coordinator.command("change", order.model_copy(update={"policy": policy}))
            await until(lambda: len(world.stored(EventType.STREAM_STALLED)) == 2, "the stall, anew")
            versions = [one.metadata.policy_version for one in world.stored(EventType.STREAM_STALLED)]
            assert sorted(versions) == [order.policy.version, 7]

            stale = order.model_copy(update={"epoch": order.epoch + 1})
            answer, _ = await world.coordinator.command("change", stale)
            assert (answer.code, answer.http_status) == ("epoch-old", 409)
            nobody = order.model_copy(update={"session_id": uuid4()})
            answer, _ = await world.coordinator.command("change", nobody)
            assert (answer.code, answer.http_status) == ("session-unknown", 404)

    asyncio.run(story())


def test_refusals_of_the_door_and_of_a_full_node(tmp_path: Path) -> None:
    async def story() -> None:
        key = Ed25519PrivateKey.generate()
        async with stage(tmp_path) as world:
            await until(lambda: len(world.coordinator.committed.heartbeats) > 0, "a heartbeat")
            orders = [start_order(exam_key=EXAM_KEY, token_key=key) for _ in range(3)]
            for order in orders[:2]:
                await world.start(order)
            answer, _ = await world.coordinator.command("start", orders[2])
            assert (answer.code, answer.http_status) == ("node-full", 503)
            mine, other = orders[0].session_id, orders[1].session_id
            tokens = {
                "x": 401,
                session_token(key, other): 403,
                session_token(Ed25519PrivateKey.generate(), mine): 401,
            }
            async with httpx.AsyncClient(base_url=world.daemon.url) as page:
                for token, status in tokens.items():
                    assert (await offer(page, mine, token)).status_code == status
                good = session_token(key, mine)
                assert (await offer(page, uuid4(), good)).status_code == 404
                assert (await offer(page, mine, good, b"v=0 garbage")).status_code == 400
            # A busy machine may make it fail for a while, for reasons of its own.
            await until(lambda: is_well(world, hub_away=False), "health with a hub")
            world.server.kill()
            await until(lambda: is_well(world, hub_away=True), "health without a hub")

    asyncio.run(story())


def is_well(world: Stage, *, hub_away: bool) -> bool:
    status, body = world.daemon.health()
    return status == 200 and ("hub-away" in body["reasons"]) is hub_away


async def offer(
    page: httpx.AsyncClient, session: UUID, token: str, sdp: bytes = b"v=0\r\n"
) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/sdp"}
    return await page.post(f"/whip/{session}", content=sdp, headers=headers)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: (folder / "identity.json").unlink(), "proctor-edge identity"),
        (lambda folder: (folder / "password").chmod(0o644), "chmod 600"),
        (lambda folder: (folder / "edge.toml").write_text("region = 1"), "edge.toml"),
    ],
)
def test_what_a_person_must_mend_is_said_and_ends_with_two(
    tmp_path: Path, spoil: Callable[[Path], object], said: str
) -> None:
    identity = made_identity(tmp_path)
    with nats_server(tmp_path, [identity.node_id]) as server:
        daemon = EdgeDaemon(tmp_path, server, identity, FRESH_KEY)
        spoil(tmp_path)
        for command in ("check-config", "run"):
            ended = subprocess.run(
                [PROGRAM, command, "--config", daemon.config], capture_output=True, text=True, timeout=60
            )
            assert ended.returncode == 2
            assert said in ended.stderr


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    identity = made_identity(tmp_path)
    with nats_server(tmp_path, [identity.node_id]) as server:
        daemon = EdgeDaemon(tmp_path, server, identity, FRESH_KEY)
        with socket.create_server(("127.0.0.1", daemon.port)):
            ended = subprocess.run(
                [PROGRAM, "run", "--config", daemon.config], capture_output=True, text=True, timeout=60
            )
    assert ended.returncode == 2
    assert f"port {daemon.port}" in ended.stderr
