"""Connections that say nothing, or too little too slowly, are cut; everybody else is served."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import uvicorn
from fastapi import FastAPI, Request, WebSocket

from shared import slow_clients
from shared.slow_clients import PunctualProtocol
from tests.support.eventually import until

pytestmark = pytest.mark.realtime

HEAD_S, BODY_S = 0.3, 0.6


class _Hasty(PunctualProtocol):
    head_within_s = HEAD_S
    body_within_s = BODY_S


def _app() -> FastAPI:
    app = FastAPI()

    @app.post("/")
    async def length(request: Request) -> int:
        body = await request.body()
        await asyncio.sleep(2 * BODY_S if body == b"slow answer" else 0)
        return len(body)

    @app.websocket("/ws")
    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(await socket.receive_text())

    return app


@asynccontextmanager
async def _served() -> AsyncIterator[int]:
    config = uvicorn.Config(_app(), port=0, log_config=None, http=_Hasty, ws="websockets-sansio")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    try:
        await until(lambda: server.started, "the server listens")
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await serving


Story = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def _with_connection(story: Story) -> None:
    async def run() -> None:
        async with _served() as port, asyncio.timeout(10):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                await story(reader, writer)
            finally:
                writer.close()

    asyncio.run(run())


def _post(body: bytes, announced: int | None = None) -> bytes:
    length = len(body) if announced is None else announced
    return b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (length, body)


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    return await reader.readexactly(length)


async def _to_the_end(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""


@pytest.mark.parametrize(
    "said", [b"", b"POST / HTTP/1.1\r\nHost: x\r\n", _post(b"", announced=5), _post(b"1234", announced=5)]
)
def test_a_request_that_never_comes_whole_ends_its_connection(said: bytes) -> None:
    async def story(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        assert await _to_the_end(reader) == b""

    _with_connection(story)


def test_a_byte_now_and_then_does_not_help() -> None:
    async def story(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def dribble() -> None:
            for byte in b"GET / HTTP/1.1\r\nX-Header: " + b"a" * 1_000:
                writer.write(bytes([byte]))
                await asyncio.sleep(0.05)

        dribbling = asyncio.create_task(dribble())
        assert await _to_the_end(reader) == b""
        dribbling.cancel()

    _with_connection(story)


def test_slow_answers_and_later_requests_of_one_connection_are_served() -> None:
    async def story(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(_post(b"slow answer"))
        assert await _answer(reader) == b"11"
        await asyncio.sleep(HEAD_S / 2)
        writer.write(_post(b"12345"))
        assert await _answer(reader) == b"5"
        writer.write(_post(b"123", announced=6))
        await asyncio.sleep(1.5 * HEAD_S)
        writer.write(b"456")
        assert await _answer(reader) == b"6"

    _with_connection(story)


def test_a_websocket_outlives_the_deadlines() -> None:
    async def story(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
        await asyncio.sleep(2 * (HEAD_S + BODY_S))
        writer.write(b"\x81\x82\0\0\0\0hi")  # a masked text frame
        assert await reader.readexactly(4) == b"\x81\x02hi"

    _with_connection(story)


def test_the_servers_name_for_it_is_right() -> None:
    config = uvicorn.Config(_app(), http=slow_clients.PROTOCOL, log_config=None)
    config.load()
    assert config.http_protocol_class is PunctualProtocol


def test_what_is_no_http_is_refused_with_the_headers_of_an_answer() -> None:
    async def story(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x16\x03\x01 this is not a request\r\n\r\n")
        head, _, body = (await _to_the_end(reader)).partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        assert status.startswith("HTTP/1.1 400")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        for name, value in slow_clients.BARE_HEADERS:
            assert headers[name.lower()] == value
        assert body == b"bad request"

    _with_connection(story)
