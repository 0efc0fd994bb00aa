from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from edge.media.signaling import MESSAGE_CHARS
from shared.cameras import Camera
from tests.support.candidates import Picture, offer_of
from tests.support.eventually import PATIENCE_S, until
from tests.support.signaling import ORIGIN, TOKEN, Served, served

GOOD = ("proctor.v1", f"bearer.{TOKEN}")


def scene(act: Callable[[Served], Awaitable[None]]) -> None:
    async def play() -> None:
        async with served() as node, asyncio.timeout(PATIENCE_S):
            await act(node)

    asyncio.run(play())


def dial(node: Served, subprotocols: Sequence[str] = GOOD, **options: Any) -> connect:
    names: Any = list(subprotocols)
    return connect(options.pop("url", node.signaling_url), subprotocols=names, **options)


async def closing(socket: ClientConnection) -> tuple[dict[str, Any] | None, int]:
    """The last message before the close, and the close code."""
    last = None
    try:
        while True:
            last = json.loads(await socket.recv())
    except ConnectionClosed as closed:
        return last, closed.rcvd.code if closed.rcvd is not None else 1006


async def offered(socket: ClientConnection) -> RTCPeerConnection:
    candidate = await offer_of(Picture())
    await socket.send(json.dumps({"type": "offer", "sdp": candidate.localDescription.sdp}))
    answer = json.loads(await socket.recv())
    assert answer["type"] == "answer"
    await candidate.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
    return candidate


def test_an_offer_over_the_socket_brings_pictures_and_bye_hangs_up() -> None:
    async def act(node: Served) -> None:
        async with dial(node, origin=ORIGIN) as socket:
            assert socket.subprotocol == "proctor.v1", "the token is not echoed"
            candidate = await offered(socket)
            assert await node.room.seat.peer.video.get() is not None
            await socket.send(json.dumps({"type": "candidate", "candidate": None}))
            await socket.send(json.dumps({"type": "bye"}))
            assert await closing(socket) == (None, 1000)
            await node.room.seat.hung_up.wait()
            await candidate.close()

    scene(act)


def test_what_the_page_says_of_its_camera_reaches_the_seat_and_nonsense_is_refused() -> None:
    async def act(node: Served) -> None:
        async with dial(node) as socket:
            candidate = await offered(socket)
            await socket.send(json.dumps({"type": "camera", "label": "HD Webcam", "frameRate": 29.97}))
            await socket.send(json.dumps({"type": "camera", "label": "x" * 256, "width": 640, "more": 1}))
            await until(lambda: len(node.room.seat.cameras) == 2, "both")
            first, second = node.room.seat.cameras
            assert first == Camera(label="HD Webcam", frames_per_second=29.97)
            assert (second.label, second.width_px) == ("x" * 256, 640)
            await candidate.close()
        for wrong in ({"label": "x" * 257}, {"label": 7}, {"label": "a", "width": "wide"}, {}):
            async with dial(node) as socket:
                await socket.send(json.dumps({"type": "camera", **wrong}))
                said, code = await closing(socket)
                assert (said is not None and said["code"], code) == ("bad-message", 4400)
        assert len(node.room.seat.cameras) == 2

    scene(act)


def test_what_the_node_has_to_say_reaches_the_page_and_its_end_closes_the_socket() -> None:
    async def act(node: Served) -> None:
        async with dial(node) as socket:
            await node.room.seat.page.put({"type": "notice", "message": "more light, please"})
            await node.room.seat.page.put({"type": "rate", "fps": 5})
            assert json.loads(await socket.recv())["message"] == "more light, please"
            assert json.loads(await socket.recv()) == {"type": "rate", "fps": 5}
            await node.room.seat.page.put(None)
            assert await closing(socket) == (None, 1000)
            assert not node.room.seat.hung_up.is_set(), "the session ended, not the page"

    scene(act)


def test_a_socket_that_breaks_is_no_hanging_up() -> None:
    async def act(node: Served) -> None:
        socket = await dial(node)
        candidate = await offered(socket)
        socket.transport.abort()
        video = node.room.seat.peer.video
        seen = video.received
        while video.received < seen + 10:
            await video.get()
        assert not node.room.seat.hung_up.is_set()
        await candidate.close()

    scene(act)


@pytest.mark.parametrize(
    ("subprotocols", "code"),
    [
        ((), 4401),
        (("proctor.v1",), 4401),
        ((f"bearer.{TOKEN}",), 4401),
        (("proctor.v1", "bearer."), 4401),
        (("proctor.v1", "bearer.wrong"), 4401),
        (("proctor.v1", f"bearer.{TOKEN}", "bearer.second"), 4401),
        (("proctor.v1", "bearer." + "x" * 5_000), 4401),
    ],
)
def test_without_the_sessions_token_the_socket_is_closed_with_401(
    subprotocols: tuple[str, ...], code: int
) -> None:
    async def act(node: Served) -> None:
        options: Any = {"subprotocols": list(subprotocols)} if subprotocols else {}
        async with connect(node.signaling_url, **options) as socket:
            error, closed = await closing(socket)
            assert closed == code
            assert error is not None
            assert error["status"] == 401
            assert not node.room.seat.hung_up.is_set()

    scene(act)


def test_anothers_session_is_refused_with_403() -> None:
    async def act(node: Served) -> None:
        async with dial(node, url=f"ws://{node.host}/signal/{uuid4()}") as socket:
            error, code = await closing(socket)
            assert code == 4403
            assert error is not None
            assert error["code"] == "not-yours"

    scene(act)


def test_a_page_of_another_origin_and_a_path_without_session_are_refused_before_the_handshake() -> None:
    async def act(node: Served) -> None:
        with pytest.raises(InvalidStatus, match="403"):
            await dial(node, origin="https://elsewhere.example.org")
        with pytest.raises(InvalidStatus, match="403"):
            await dial(node, url=f"ws://{node.host}/signal/not-a-uuid")

    scene(act)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("not json", 4400),
        (b"bytes", 4400),
        ("[]", 4400),
        ('{"type": "dance"}', 4400),
        ('{"type": "offer"}', 4400),
        ('{"type": "offer", "sdp": 7}', 4400),
        ('{"type": "offer", "sdp": "v=0\\u0000"}', 4400),
        ('{"type": "candidate", "candidate": {"candidate": "x", "sdpMLineIndex": -1}}', 4400),
        ('{"type": "offer", "sdp": "' + "x" * MESSAGE_CHARS + '"}', 4413),
    ],
)
def test_a_message_that_makes_no_sense_ends_the_socket_with_the_reason(text: str | bytes, code: int) -> None:
    async def act(node: Served) -> None:
        async with dial(node) as socket:
            await socket.send(text)
            error, closed = await closing(socket)
            assert closed == code
            assert error is not None
            assert error["type"] == "error"
            assert "x" * 100 not in error["message"], "what came is not sent back"

    scene(act)


def test_a_bad_candidate_is_told_and_the_call_goes_on() -> None:
    async def act(node: Served) -> None:
        async with dial(node) as socket:
            candidate = await offered(socket)
            bad = {"type": "candidate", "candidate": {"candidate": "candidate:rubbish", "sdpMid": "0"}}
            await socket.send(json.dumps(bad))
            assert json.loads(await socket.recv())["code"] == "bad-candidate"
            assert await node.room.seat.peer.video.get() is not None
            await candidate.close()

    scene(act)


def test_a_flood_of_messages_or_pings_ends_the_socket_with_1008_and_not_the_call() -> None:
    async def act(node: Served) -> None:
        async with dial(node) as socket:
            candidate = await offered(socket)
            with suppress(ConnectionClosed):
                for _ in range(200):
                    await socket.send(json.dumps({"type": "candidate", "candidate": None}))
            assert (await closing(socket))[1] == 1008
        async with dial(node) as socket:
            with suppress(ConnectionClosed):
                for _ in range(200):
                    await socket.ping()
            assert (await closing(socket))[1] == 1008
        video = node.room.seat.peer.video
        seen = video.received
        while video.received < seen + 5:
            await video.get()
        assert not node.room.seat.hung_up.is_set()
        await candidate.close()

    scene(act)


def test_a_page_that_connects_too_often_is_refused_before_the_handshake_with_the_time_to_wait() -> None:
    async def act(node: Served) -> None:
        node.room.too_often = True
        with pytest.raises(InvalidStatus) as refused:
            await dial(node)
        answer = refused.value.response
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
        assert answer.body == b"too often; wait 7 s"
        node.room.too_often = False
        async with dial(node) as socket:
            await (await offered(socket)).close()

    scene(act)
