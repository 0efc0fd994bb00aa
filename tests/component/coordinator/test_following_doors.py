"""Every door of the gRPC port: who is let in, and what a connection may cost."""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import grpc
import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, Event, ResponseReceived, TrailersReceived
from sqlmodel import Session

from coordinator.destinations import service as destinations
from coordinator.following import calls, http2
from coordinator.following.calls import ACKNOWLEDGE, FOLLOW
from coordinator.tenants.tables import Tenant
from shared.errors import Rejected
from shared.tokens import Claims, Role
from tests.support.eventually import until
from tests.support.follower import Office, office
from tests.support.own_certificates import OwnCertificate, own_certificate
from tests.support.told import Told, told

HEADERS: Final = ((":method", "POST"), (":scheme", "https"), (":authority", "localhost"))
WINDOW: Final = 65_535
"""Bytes that HTTP/2 lets out until the program says that it took some."""
Test = Callable[[Told, Office], Awaitable[None]]


@pytest.fixture
def on_file(sqlite_url: str, tmp_path: Path) -> Callable[[Test], None]:
    """Runs a test on SQLite."""

    async def whole(test: Test) -> None:
        async with (
            asyncio.timeout(200),
            told(sqlite_url, tmp_path) as site,
            office(site.parts, tmp_path) as port,
        ):
            await test(site, port)

    return lambda test: asyncio.run(whole(test))


async def code_of(call: Awaitable[object]) -> grpc.StatusCode:
    """How a call of the program fails."""
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await call
    return failed.value.code()


def test_nobody_is_let_in_but_who_has_a_certificate_that_is_known(on_file: Callable[[Test], None]) -> None:
    async def test(site: Told, port: Office) -> None:
        mine = own_certificate()
        destination = await port.destination(mine)
        alike = own_certificate()  # the same name, another key
        for certificate in (None, own_certificate("stranger"), alike):
            async with port.desk(certificate) as desk:
                assert await code_of(desk.some(1)) is grpc.StatusCode.UNAVAILABLE
                assert await code_of(desk.acknowledge(f"{destination.id}.1")) is grpc.StatusCode.UNAVAILABLE
        async with port.desk(mine) as desk:
            assert await desk.acknowledge(f"{destination.id}.0") == 0

    on_file(test)


def test_a_certificate_that_another_one_has_signed_is_let_in_by_neither(
    on_file: Callable[[Test], None],
) -> None:
    """What is known is one certificate, not whom it signs for."""

    async def test(site: Told, port: Office) -> None:
        mine = own_certificate()
        await port.destination(mine)
        async with port.desk(own_certificate("desk", signed_by=mine)) as desk:
            code = await code_of(desk.some(1))
        assert code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNAUTHENTICATED)

    on_file(test)


def test_a_cursor_counts_for_its_own_destination_alone(on_file: Callable[[Test], None]) -> None:
    async def test(site: Told, port: Office) -> None:
        mine, theirs = own_certificate(), own_certificate("theirs")
        await port.destination(mine)
        their_claims = Claims(subject="eve", role=Role.ADMIN, tenant_id=await institution(site))
        foreign = await port.destination(theirs, their_claims)
        await site.note(site.sit("SESS-0"), 60.0)
        async with port.desk(mine) as desk, port.desk(theirs) as other:
            [got] = await desk.some(1)
            invented = [f"{foreign.id}.0", f"{uuid4()}.1", got.cursor.replace(".1", ".2"), "x", "1", ".1"]
            for cursor in (*invented, got.cursor + " "):
                assert await code_of(desk.acknowledge(cursor)) is grpc.StatusCode.INVALID_ARGUMENT, cursor
                assert await code_of(desk.some(1, cursor)) is grpc.StatusCode.INVALID_ARGUMENT, cursor
            assert await code_of(desk.acknowledge("")) is grpc.StatusCode.INVALID_ARGUMENT
            assert await code_of(other.acknowledge(got.cursor)) is grpc.StatusCode.INVALID_ARGUMENT
            assert await code_of(other.some(1, got.cursor)) is grpc.StatusCode.INVALID_ARGUMENT
            assert await desk.acknowledge(got.cursor) == 1, "theirs has acknowledged nothing of ours"

    on_file(test)


async def institution(site: Told) -> UUID:
    """Another institution."""

    def work(db: Session) -> UUID:
        row = Tenant(id=uuid4(), name="another institution", created_utc=datetime.now(UTC))
        db.add(row)
        return row.id

    return await site.parts.writing(work)


def test_a_program_of_an_institution_that_was_disabled_is_not_let_in(on_file: Callable[[Test], None]) -> None:
    async def test(site: Told, port: Office) -> None:
        mine = own_certificate()
        destination = await port.destination(mine)

        def disable(db: Session) -> None:
            db.get_one(Tenant, destination.tenant_id).disabled_utc = datetime.now(UTC)

        await site.parts.writing(disable)
        async with port.desk(mine) as desk:
            assert await code_of(desk.some(1)) is grpc.StatusCode.UNAUTHENTICATED

    on_file(test)


def test_a_certificate_stands_for_one_destination(on_file: Callable[[Test], None]) -> None:
    async def test(site: Told, port: Office) -> None:
        mine = own_certificate()
        await port.destination(mine)
        with pytest.raises(Rejected, match="known already"):
            await port.destination(mine)

    on_file(test)


def test_older_tls_is_not_spoken(on_file: Callable[[Test], None]) -> None:
    async def test(site: Told, port: Office) -> None:
        mine = own_certificate()
        await port.destination(mine)
        context = client_context(port, mine)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.open_connection("localhost", port.port, ssl=context)

    on_file(test)


def client_context(port: Office, own: OwnCertificate) -> ssl.SSLContext:
    """TLS of a client that speaks HTTP/2 by itself."""
    context = ssl.create_default_context(cadata=port.own.certificate)
    paths = own.in_files(port.folder)
    context.load_cert_chain(*paths)
    context.set_alpn_protocols(["h2"])
    return context


class Raw:
    """A connection whose frames a test chooses."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.h2 = H2Connection(H2Configuration(header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.events: list[Event] = []

    @classmethod
    async def opened(cls, port: Office, own: OwnCertificate) -> Raw:
        return cls(*await asyncio.open_connection("localhost", port.port, ssl=client_context(port, own)))

    def ask(self, path: str, body: bytes, *, kind: str = "application/grpc", end: bool = True) -> int:
        """Begin a call; returns its number."""
        stream_id = self.h2.get_next_available_stream_id()
        self.h2.send_headers(
            stream_id, [*HEADERS, (":path", path), ("te", "trailers"), ("content-type", kind)]
        )
        self.h2.send_data(stream_id, body, end_stream=end)
        self.writer.write(self.h2.data_to_send())
        return stream_id

    async def is_closed(self) -> bool:
        """Read what there is; whether the other side has closed."""
        try:
            data = await asyncio.wait_for(self.reader.read(65_536), 0.1)
        except TimeoutError:
            return False
        except ConnectionError:
            return True
        self.events += self.h2.receive_data(data)
        self.writer.write(self.h2.data_to_send())
        return not data

    @property
    def got(self) -> int:
        """Bytes of answers that have come."""
        return sum(len(one.data or b"") for one in self.events if isinstance(one, DataReceived))

    async def ended(self, stream_id: int) -> dict[str, str]:
        """The headers that end a call."""
        while True:
            for one in self.events:
                if isinstance(one, ResponseReceived | TrailersReceived) and one.stream_id == stream_id:
                    found = {str(name): str(value) for name, value in one.headers or ()}
                    if "grpc-status" in found or found[":status"] != "200":
                        return found
            assert not await self.is_closed()


def framed(message: bytes) -> bytes:
    return struct.pack(">BI", 0, len(message)) + message


def test_what_is_no_call_of_this_service_is_answered_and_ends_nothing_else(
    on_file: Callable[[Test], None],
) -> None:
    async def test(site: Told, port: Office) -> None:
        mine = own_certificate()
        await port.destination(mine)
        raw = await Raw.opened(port, mine)
        for path, body, status in (
            ("/proctor.deliveries.v1.Deliveries/Delete", framed(b""), "12"),
            (FOLLOW, b"", "3"),
            (FOLLOW, framed(b"")[:3], "3"),
            (FOLLOW, framed(b"\xff\xff"), "3"),
            (ACKNOWLEDGE, b"\1" + framed(b"")[1:], "12"),
            (ACKNOWLEDGE, framed(b""), "3"),
        ):
            assert (await raw.ended(raw.ask(path, body)))["grpc-status"] == status, (path, body)
        assert (await raw.ended(raw.ask(FOLLOW, framed(b""), kind="text/plain")))[":status"] == "415"
        long = raw.ask(FOLLOW, b"x" * 9_000, end=False)
        assert (await raw.ended(long))["grpc-status"] == "8"
        taken_back = raw.h2.get_next_available_stream_id()
        raw.h2.send_headers(taken_back, [*HEADERS, (":path", FOLLOW), ("content-type", "text/plain")])
        raw.h2.reset_stream(taken_back)
        raw.writer.write(raw.h2.data_to_send())
        assert (await raw.ended(raw.ask(ACKNOWLEDGE, framed(b""))))["grpc-status"] == "3"
        await site.note(site.sit("SESS-0"), 60.0)
        async with port.desk(mine) as desk:
            assert len(await desk.some(1)) == 1
        raw.writer.close()

    on_file(test)


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 100, b"\xff" * 100])
def test_what_is_no_http2_is_closed(data: bytes, on_file: Callable[[Test], None]) -> None:
    async def test(site: Told, port: Office) -> None:
        mine = own_certificate()
        await port.destination(mine)
        raw = await Raw.opened(port, mine)
        raw.writer.write(data)
        while not await raw.is_closed():
            pass
        raw.writer.close()

    on_file(test)


def test_a_connection_has_few_calls_at_once(on_file: Callable[[Test], None]) -> None:
    async def test(site: Told, port: Office) -> None:
        mine = own_certificate()
        await port.destination(mine)
        raw = await Raw.opened(port, mine)
        raw.writer.write(raw.h2.data_to_send())
        for _ in range(http2.MOST_CALLS + 1):
            raw.ask(ACKNOWLEDGE, framed(b"")[:3], end=False)
        while not await raw.is_closed():
            pass
        raw.writer.close()

    on_file(test)


def test_a_program_that_no_longer_answers_is_gone(
    on_file: Callable[[Test], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http2, "ASKED_EVERY_S", 0.1)

    async def test(site: Told, port: Office) -> None:
        mine = own_certificate()
        await port.destination(mine)
        alive, dead = await Raw.opened(port, mine), await Raw.opened(port, mine)
        for raw in (alive, dead):
            raw.writer.write(raw.h2.data_to_send())
        await until(lambda: port.serving.open == 2, "both are open")
        for _ in range(10):
            assert not await alive.is_closed()
        assert port.serving.open == 1
        for raw in (alive, dead):
            raw.writer.close()

    on_file(test)


def test_what_waits_for_a_program_that_takes_nothing_is_read_again_before_it_is_sent(
    on_file: Callable[[Test], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "PORTION", 600)

    async def test(site: Told, port: Office) -> None:
        mine = own_certificate()
        made = await port.destination(mine)
        await site.note(site.sit("SESS-0"), *(60.0 * number for number in range(1, 601)))
        raw = await Raw.opened(port, mine)
        call = raw.ask(FOLLOW, framed(b""))
        while raw.got < WINDOW:
            assert not await raw.is_closed()

        def pause(db: Session) -> None:
            row = destinations.find(db, made.tenant_id, made.id, to_change=True)
            destinations.pause(db, row, "alice", datetime.now(UTC))

        await site.parts.writing(pause)
        for stream_id in (None, call):
            raw.h2.increment_flow_control_window(2**20, stream_id)
        raw.writer.write(raw.h2.data_to_send())
        for _ in range(10):
            assert not await raw.is_closed()
        assert raw.got < WINDOW + 2_000, "no more than the rest of a delivery that had begun"
        raw.writer.close()

    on_file(test)
