"""WebSockets that send too much are closed before anything is done for them; refused ones log no error."""

from __future__ import annotations

import asyncio
import logging
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from starlette.responses import PlainTextResponse
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from shared.web_server.connections import ConnectionsSection
from shared.web_server.doors import Doors
from shared.web_server.doorway import Bounds
from shared.web_server.options import server_options
from shared.web_server.socket_protocol import ALLOWANCE
from tests.support.eventually import PATIENCE_S, undisturbed, until

pytestmark = pytest.mark.realtime

UPGRADE = (
    b"GET %b HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
PING, PONG, TEXT, BINARY, MORE = 0x89, 0x8A, 0x81, 0x82, 0x00


def frame(first: int, payload: bytes = b"") -> bytes:
    """A masked frame whose mask is zero."""
    assert len(payload) < 126
    return bytes([first, 0x80 | len(payload)]) + bytes(4) + payload


class Ends:
    """How the application saw each socket end."""

    def __init__(self) -> None:
        self.codes: list[int] = []
        self.read = 0


def _app(ends: Ends) -> FastAPI:
    app = FastAPI()

    @app.websocket("/reads")
    async def reads(socket: WebSocket) -> None:
        await socket.accept()
        while (message := await socket.receive())["type"] == "websocket.receive":
            ends.read += 1
        ends.codes.append(message["code"])

    @app.websocket("/sends")
    async def sends(socket: WebSocket) -> None:
        await socket.accept()
        with suppress(WebSocketDisconnect):
            while True:
                await socket.send_text("x" * 1_000)
                await asyncio.sleep(0.01)

    @app.websocket("/late")
    async def late(socket: WebSocket) -> None:
        await asyncio.sleep(0.5)
        await socket.accept()
        await socket.receive()

    @app.websocket("/refused")
    async def refused(socket: WebSocket) -> None:
        await socket.send_denial_response(PlainTextResponse("no", 429, {"Retry-After": "7"}))

    @app.websocket("/closed")
    async def closed(socket: WebSocket) -> None:
        await socket.close()

    return app


@asynccontextmanager
async def _served(ends: Ends, doors: Doors) -> AsyncIterator[str]:
    options = server_options(doors, ConnectionsSection())
    server = uvicorn.Server(uvicorn.Config(_app(ends), port=0, log_config=None, **options))
    serving = asyncio.create_task(server.serve())
    try:
        await until(lambda: server.started, "the server listens")
        yield f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


def _play(act: Callable[[str, Ends, Doors], Awaitable[None]]) -> None:
    async def run() -> None:
        ends, doors = Ends(), Doors(Bounds(1_000, 1_000))
        async with _served(ends, doors) as place, asyncio.timeout(PATIENCE_S):
            await act(place, ends, doors)

    asyncio.run(run())


async def _opened(place: str, path: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = place.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(UPGRADE % path)
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
    return reader, writer


async def _said(place: str, text: bytes) -> None:
    """Say this to the server, and wait until it hangs up."""
    host, port = place.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(text)
    with suppress(ConnectionResetError):
        await reader.read()
    writer.close()


async def _close_code(reader: asyncio.StreamReader) -> tuple[int, int]:
    """The code of the close frame, and how many other frames came before it."""
    others = 0
    while True:
        head = await reader.readexactly(2)
        length = head[1]
        if length == 126:
            length = struct.unpack("!H", await reader.readexactly(2))[0]
        payload = await reader.readexactly(length)
        if head[0] == 0x88:
            return struct.unpack("!H", payload[:2])[0], others
        others += 1


@pytest.mark.parametrize("first", [PING, PONG, TEXT, BINARY])
def test_a_flood_of_frames_of_any_kind_ends_its_socket_with_1008(first: int) -> None:
    async def act(place: str, ends: Ends, doors: Doors) -> None:
        reader, writer = await _opened(place, b"/reads")
        writer.write(frame(first, b"abcd") * 20_000)
        code, answered = await _close_code(reader)
        assert code == 1008
        assert answered <= ALLOWANCE.frames.burst, "before pongs for all of them"
        await until(lambda: ends.codes == [1008], "the application hears of it")
        assert ends.read <= ALLOWANCE.frames.burst
        await until(lambda: doors.open == 0, "the connection is gone, though the client holds it")
        assert doors.counts == {"too-much": 1}
        writer.close()

    undisturbed(lambda: _play(act))  # its allowance grows while the machine does something else


def test_pieces_of_a_message_and_great_frames_count_too() -> None:
    async def act(place: str, ends: Ends, doors: Doors) -> None:
        reader, writer = await _opened(place, b"/reads")
        writer.write(frame(0x01, b"a") + frame(MORE, b"a") * 1_000)
        assert (await _close_code(reader))[0] == 1008
        writer.close()
        reader, writer = await _opened(place, b"/reads")
        for _ in range(40):
            writer.write(bytes([BINARY, 0x80 | 126]) + struct.pack("!H", 60_000) + bytes(4) + bytes(60_000))
        assert (await _close_code(reader))[0] == 1008
        writer.close()

    _play(act)


def test_a_client_that_reads_nothing_and_one_that_floods_before_it_is_accepted_are_cut() -> None:
    async def act(place: str, ends: Ends, doors: Doors) -> None:
        _, writer = await _opened(place, b"/sends")
        writer.write(frame(PING, b"x" * 100) * 5_000)
        await until(lambda: doors.open == 0, "it is gone")
        host, port = place.split(":")
        _, early = await asyncio.open_connection(host, int(port))
        early.write(UPGRADE % b"/late")
        await asyncio.sleep(0.1)
        early.write(frame(PING) * 5_000)
        await until(lambda: doors.open == 0, "so is this one")
        for each in (writer, early):
            each.close()

    _play(act)


def test_one_who_floods_after_it_was_closed_is_not_read_either() -> None:
    async def act(place: str, ends: Ends, doors: Doors) -> None:
        reader, writer = await _opened(place, b"/reads")
        writer.write(frame(0x88, struct.pack("!H", 1000)) + frame(PING) * 50_000)
        code, answered = await _close_code(reader)
        assert (code, answered) in ((1000, 0), (1008, 0))
        await until(lambda: doors.open == 0, "it is gone")
        writer.close()

    _play(act)


def test_an_ordinary_client_with_pings_is_served_for_as_long_as_it_likes() -> None:
    async def act(place: str, ends: Ends, doors: Doors) -> None:
        async with connect(f"ws://{place}/reads", proxy=None) as client:
            for _ in range(30):
                await (await client.ping())
                await client.send("hello")
            await until(lambda: ends.read == 30, "everything arrived")
        assert ends.codes == [1000]
        assert doors.counts == {}

    _play(act)


def test_refused_sockets_and_broken_ones_log_no_error(caplog: pytest.LogCaptureFixture) -> None:
    async def act(place: str, ends: Ends, doors: Doors) -> None:
        for path, status in (("refused", 429), ("closed", 403), ("nothing", 403)):
            with pytest.raises(InvalidStatus) as refused:
                await connect(f"ws://{place}/{path}?ticket=secret", proxy=None)
            assert refused.value.response.status_code == status
            if status == 429:
                assert refused.value.response.headers["Retry-After"] == "7"
        h2c = b"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nHost: x\r\n\r\n"
        old = (UPGRADE % b"/reads").replace(b"Version: 13", b"Version: 12")
        for text in (h2c, b"no http\r\n\r\n", old):
            await _said(place, text)
        _, writer = await _opened(place, b"/reads")
        writer.write(b"\xff" * 500)  # no frame begins like this
        await until(lambda: doors.open == 0, "it was hung up on")
        writer.close()
        client = await connect(f"ws://{place}/sends", proxy=None)
        client.transport.abort()
        await until(lambda: doors.open == 0, "nobody is left")

    def foreign(record: Any) -> bool:
        return record.levelno >= logging.WARNING or "secret" in record.getMessage()

    with caplog.at_level(logging.INFO):
        _play(act)
    assert [record.getMessage() for record in caplog.records if foreign(record)] == []
