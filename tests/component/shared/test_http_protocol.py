"""Connections that say nothing, or too little too slowly, are cut; everybody else is served."""

from __future__ import annotations

import asyncio
import logging
import resource
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import pytest
import uvicorn
from fastapi import FastAPI, Request, WebSocket

from shared.errors import ConfigError
from shared.web_server.connections import ConnectionsSection
from shared.web_server.descriptors import claim
from shared.web_server.doors import Doors
from shared.web_server.doorway import UNASKED, Bounds
from shared.web_server.http_protocol import BARE_HEADERS, HEAD_WITHIN_S, PunctualProtocol
from shared.web_server.options import listen, server_options
from tests.support.eventually import PATIENCE_S, undisturbed, until

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
async def _served(
    doors: Doors | None = None, http: type[PunctualProtocol] = _Hasty, app: FastAPI | None = None
) -> AsyncIterator[int]:
    doors = doors or Doors(Bounds(1_000, 1_000))
    options = server_options(doors, ConnectionsSection()) | {"http": partial(http, doors=doors)}
    config = uvicorn.Config(app or _app(), port=0, log_config=None, **options)
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
        async with _served() as port, asyncio.timeout(PATIENCE_S):
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

    undisturbed(lambda: _with_connection(story))


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


def test_what_is_no_http_is_refused_with_the_headers_of_an_answer() -> None:
    async def story(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x16\x03\x01 this is not a request\r\n\r\n")
        head, _, body = (await _to_the_end(reader)).partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        assert status.startswith("HTTP/1.1 400")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        for name, value in BARE_HEADERS:
            assert headers[name.lower()] == value
        assert body == b"bad request"

    _with_connection(story)


def test_a_head_is_waited_for_a_few_seconds_only() -> None:
    assert HEAD_WITHIN_S <= 5.0


async def _strangers(port: int, number: int) -> list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Connections that say nothing."""
    return [await asyncio.open_connection("127.0.0.1", port) for _ in range(number)]


async def _ask(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(_post(b"12345"))
        return await _answer(reader)
    finally:
        writer.close()


@pytest.mark.parametrize("bounds", [Bounds(in_all=20, per_address=1_000), Bounds(1_000, per_address=20)])
def test_idle_strangers_give_way_to_who_asks(bounds: Bounds, caplog: pytest.LogCaptureFixture) -> None:
    class Patient(PunctualProtocol):
        head_within_s = 60.0

    async def test() -> None:
        doors = Doors(bounds)
        async with _served(doors, Patient) as port, asyncio.timeout(PATIENCE_S):
            strangers = await _strangers(port, 100)
            for _ in range(30):
                assert await _ask(port) == b"5"
            assert doors.open <= 20
            assert doors.counts["gave-way"] >= 80
            for reader, writer in strangers[:50]:
                assert await _to_the_end(reader) == b"", "the first ones are closed"
                writer.close()
            for _, writer in strangers[50:]:
                writer.close()

    with caplog.at_level(logging.INFO):
        asyncio.run(test())
    [line] = [record for record in caplog.records if record.name.startswith("shared.web_server")]
    assert line.levelno == logging.WARNING, "one line, however many were closed"


def test_who_waits_for_an_answer_keeps_its_place_and_the_next_is_refused() -> None:
    async def test() -> None:
        doors = Doors(Bounds(in_all=3, per_address=3))
        async with _served(doors) as port, asyncio.timeout(PATIENCE_S):
            slow = await _strangers(port, 3)
            for _, writer in slow:
                writer.write(_post(b"slow answer"))
            await asyncio.sleep(0.1)
            (refused, other), *_ = await _strangers(port, 1)
            assert await _to_the_end(refused) == b""
            other.close()
            for reader, writer in slow:
                assert await _answer(reader) == b"11"
                writer.close()
            await until(lambda: doors.open == 0, "every place is given back")
            assert await _ask(port) == b"5"

    asyncio.run(test())


def test_slow_uploads_are_no_silent_connections() -> None:
    async def test() -> None:
        doors = Doors(Bounds(1_000, 1_000))
        async with _served(doors, PunctualProtocol) as port, asyncio.timeout(PATIENCE_S):
            uploading = []
            for _ in range(UNASKED + 1):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(_post(b"1234", announced=5))
                uploading.append((reader, writer))
            assert await _ask(port) == b"5"
            for reader, writer in uploading:
                writer.write(b"5")
                assert await _answer(reader) == b"5", "none had to give way"
                writer.close()

    asyncio.run(test())


def test_a_socket_holds_its_place_until_it_is_closed() -> None:
    async def test() -> None:
        doors = Doors(Bounds(in_all=1, per_address=1))
        async with _served(doors) as port, asyncio.timeout(PATIENCE_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(
                b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            )
            await reader.readuntil(b"\r\n\r\n")
            assert doors.open == 1
            (refused, other), *_ = await _strangers(port, 1)
            assert await _to_the_end(refused) == b""
            other.close()
            writer.transport.abort()
            await until(lambda: doors.open == 0, "its place is given back")

    asyncio.run(test())


class _StoppedClock(Doors):
    """Doors at which a loop of connections does not become slower than is allowed on a busy machine."""

    def arrives(self, address: str, now: float) -> bool:
        return super().arrives(address, 0.0)


def test_who_connects_in_a_loop_is_turned_away_and_monitoring_is_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def test() -> None:
        doors = _StoppedClock(Bounds(5_000, 5_000))
        settings = ConnectionsSection()
        with listen("127.0.0.1", 0, doors) as public, listen("127.0.0.1", 0) as status:
            config = uvicorn.Config(_app(), log_config=None, **server_options(doors, settings))
            server = uvicorn.Server(config)
            serving = asyncio.create_task(server.serve(sockets=[public, status]))
            await until(lambda: server.started, "the server listens")
            port = public.getsockname()[1]
            came, writers = 0, []
            while doors.counts["too-fast"] < 20:
                strangers = await asyncio.gather(*(_strangers(port, 1) for _ in range(50)))
                came += len(strangers)
                for ((_, writer),) in strangers:
                    writer.write(b"G")  # who says nothing is not even accepted
                    writers.append(writer)
            assert came > UNASKED
            assert await _ask(status.getsockname()[1]) == b"5"
            for writer in writers:
                writer.close()
            server.should_exit = True
            await serving

    with caplog.at_level(logging.INFO):
        asyncio.run(test())
    lines = [record for record in caplog.records if record.name.startswith("shared.web_server")]
    assert [line.levelno for line in lines] == [logging.WARNING]


def test_what_is_answered_in_two_parts_waits_for_no_acknowledgement() -> None:
    """Otherwise the second leaves when the client acknowledges the first, which on Linux is 40 ms later."""

    async def test() -> None:
        leaves_at_once: list[int] = []

        def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection = writer.get_extra_info("socket")
            leaves_at_once.append(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        with listen("127.0.0.1", 0) as listening:
            async with await asyncio.start_server(answer, sock=listening), asyncio.timeout(PATIENCE_S):
                ((reader, writer),) = await _strangers(listening.getsockname()[1], 1)
                writer.write(b"G")  # who says nothing is not even accepted
                assert await _to_the_end(reader) == b""
                writer.close()
        assert leaves_at_once == [1]

    asyncio.run(test())


def _client_host(request: Request) -> str:
    return request.client.host if request.client else ""


@pytest.mark.parametrize(
    ("proxies", "host"), [((), "127.0.0.1"), (("10.9.8.7",), "127.0.0.1"), (("127.0.0.0/8",), "203.0.113.9")]
)
def test_only_a_trusted_proxy_says_who_asks(proxies: Sequence[str], host: str) -> None:
    app = FastAPI()

    @app.post("/")
    async def who(request: Request) -> str:
        return _client_host(request)

    async def test() -> None:
        settings = ConnectionsSection(trusted_proxies=tuple(proxies))
        doors = Doors(Bounds(100, 100), settings.trusted_proxies)
        config = uvicorn.Config(app, port=0, log_config=None, **server_options(doors, settings))
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        async with AsyncExitStack() as stack:
            stack.callback(setattr, server, "should_exit", True)
            await until(lambda: server.started, "the server listens")
            port = server.servers[0].sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(
                b"POST / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.9\r\nContent-Length: 0\r\n\r\n"
            )
            assert await _answer(reader) == f'"{host}"'.encode()
            writer.close()
        await serving

    asyncio.run(test())


def test_a_limit_of_open_files_that_allows_hardly_any_connection_is_told_at_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 300))
    with pytest.raises(ConfigError, match="may open 300 files, but needs at least 356"):
        claim(5_000, 256)


def test_who_says_nothing_is_not_even_accepted() -> None:
    with listen("127.0.0.1", 0) as listener:
        place = listener.getsockname()
        with socket.create_connection(place), socket.create_connection(place) as talker:
            talker.sendall(b"G")
            listener.settimeout(PATIENCE_S)
            accepted, address = listener.accept()
            accepted.close()
            assert address == talker.getsockname()
            listener.setblocking(False)
            with pytest.raises(BlockingIOError):
                listener.accept()
