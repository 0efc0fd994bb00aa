"""One POST to a real server: where it may go, how long it lasts, how much of the answer is read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from uuid import UUID

import pytest

from coordinator.deliveries import posting
from coordinator.deliveries.outcomes import DELIVERED, Ending
from coordinator.deliveries.posting import Poster
from coordinator.deliveries.sending import Sent
from shared.destination_url import Address
from tests.support.sink import Got, Sink, sink, status

SECRET = "whsec_ZXhhbXBsZSBleGFtcGxlIGV4YW1wbGUgZXhhbXBsZSE="
Post = Callable[[str], Awaitable[str | None]]
"""Posts to a URL; says why it failed."""
Test = Callable[[Sink, Post], Awaitable[None]]


def run(test: Test, *, loopback: bool = True, timeout_s: float = 60.0) -> None:
    async def whole() -> None:
        poster = Poster(loopback=loopback, timeout_s=timeout_s)

        async def post(url: str) -> str | None:
            outcome = await poster.post(Sent(url, UUID(int=1), UUID(int=2), '{"a":1}', (SECRET,)))
            assert (outcome.reason is None) is (outcome.ending is Ending.DELIVERED)
            return outcome.reason

        try:
            async with asyncio.timeout(120), sink() as receiver:
                await test(receiver, post)
        finally:
            poster.close()

    asyncio.run(whole())


def leads_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Every name has these addresses from now on; returns the names that are asked for."""
    asked: list[str] = []

    async def resolved(host: str, port: int) -> list[Address]:
        asked.append(host)
        return [ip_address(one) for one in addresses]

    monkeypatch.setattr(posting, "resolved", resolved)
    return asked


def test_a_delivery_has_the_headers_of_standard_webhooks() -> None:
    async def test(receiver: Sink, post: Post) -> None:
        assert await post(receiver.url) is None
        [got] = receiver.taken
        assert got.parcel_id == str(UUID(int=1))
        assert got.headers["content-type"] == "application/json"
        assert got.headers["webhook-signature"].startswith("v1,")
        assert got.headers["webhook-timestamp"].isdigit()

    run(test)


def test_this_machine_is_not_reached_without_the_setting() -> None:
    async def test(receiver: Sink, post: Post) -> None:
        for url in (
            receiver.url,
            f"https://localhost:{receiver.port}/",
            f"https://127.0.0.1:{receiver.port}/",
            f"https://2130706433:{receiver.port}/",
            f"https://0x7f.1:{receiver.port}/",
            f"https://[::ffff:127.0.0.1]:{receiver.port}/",
        ):
            assert await post(url) == "address-refused", url
        assert receiver.asked == []

    run(test, loopback=False)


@pytest.mark.parametrize(
    "addresses",
    [
        ("10.0.0.7",),
        ("169.254.169.254",),
        ("8.8.8.8", "192.168.0.1"),
        ("::ffff:10.0.0.1",),
        ("fd00:ec2::254",),
        ("224.0.0.1",),
        ("127.0.0.1",),
    ],
)
def test_a_name_with_any_address_inside_is_refused(
    addresses: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(receiver: Sink, post: Post) -> None:
        asked = leads_to(monkeypatch, *addresses)
        assert await post(f"https://exams.example.org:{receiver.port}/") == "address-refused"
        assert asked == ["exams.example.org"]
        assert receiver.asked == []

    run(test, loopback=False)


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is asked for once, and never by whoever connects."""

    async def test(receiver: Sink, post: Post) -> None:
        asked = leads_to(monkeypatch, "127.0.0.1")
        assert await post(receiver.url.replace("127.0.0.1", "localhost")) is None
        assert asked == ["localhost"]
        assert receiver.taken[0].headers["host"] == f"localhost:{receiver.port}"
        assert await post(receiver.url.replace("127.0.0.1", "localhost")) is None
        assert asked == ["localhost"], "the connection is used again"

    run(test)


def test_another_address_of_a_name_is_tried_when_the_first_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test(receiver: Sink, post: Post) -> None:
        leads_to(monkeypatch, "127.0.0.9", "127.0.0.1")
        assert await post(receiver.url.replace("127.0.0.1", "localhost")) is None
        leads_to(monkeypatch)
        assert await post(f"http://localhost:{receiver.port + 1}/") == "unreachable"

    run(test)


def test_what_speaks_no_tls_is_no_https() -> None:
    async def test(receiver: Sink, post: Post) -> None:
        assert await post(receiver.url.replace("http://", "https://")) is not None
        assert receiver.taken == []

    run(test, timeout_s=0.5)


def test_a_redirect_is_a_failure_and_is_not_followed() -> None:
    async def test(receiver: Sink, post: Post) -> None:
        receiver.fails_first(1, status(307, f"location: {receiver.url}/other"))
        assert await post(receiver.url) == "status-307"
        assert [got.path for got in receiver.asked] == ["/hook"]

    run(test)


def test_an_answer_that_does_not_come_ends_with_the_time_for_it() -> None:
    async def test(receiver: Sink, post: Post) -> None:
        async def silence(got: Got) -> bytes:
            await asyncio.sleep(3_600)
            return b""

        receiver.answer = silence
        assert await post(receiver.url) == "timed-out"

    run(test, timeout_s=0.2)


def test_an_answer_without_end_is_cut() -> None:
    async def whole() -> None:
        sent = 0

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal sent
            await reader.readuntil(b'{"a":1}')
            writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
            try:
                while True:
                    writer.write(b"x" * 65_536)
                    await writer.drain()
                    sent += 65_536
            except ConnectionError:
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        poster = Poster(loopback=True, timeout_s=60.0)
        posted = Sent(f"http://127.0.0.1:{port}/", UUID(int=1), UUID(int=2), '{"a":1}', (SECRET,))
        outcome = await poster.post(posted)
        assert outcome == DELIVERED
        poster.close()
        server.close()
        assert sent < 100 * 2**20

    asyncio.run(whole())


def test_a_name_that_is_not_answered_for_is_asked_for_once_however_many_tries_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    async def never(host: str, port: int) -> list[Address]:
        asked.append(host)
        await asyncio.Event().wait()
        return []

    monkeypatch.setattr(posting, "resolved", never)

    async def test(receiver: Sink, post: Post) -> None:
        for _ in range(2):
            tries = [post("https://silent.example.org/") for _ in range(4)]
            assert await asyncio.gather(*tries) == ["timed-out"] * 4
        assert asked == ["silent.example.org"]

    run(test, timeout_s=0.05)


@pytest.mark.parametrize(
    "later", ["Mon, 30 Nov 99999999999 08:00:00 GMT", "Mon, 30 Nov 2026 08:00:00 +99999999999999999"]
)
def test_an_answer_with_an_impossible_instant_is_an_answer(later: str) -> None:
    async def test(receiver: Sink, post: Post) -> None:
        receiver.fails_first(1, status(503, f"retry-after: {later}"))
        assert await post(receiver.url) == "status-503"

    run(test)
