"""Posts one delivery to a webhook: signed, to a checked address, within bounds.

The name is resolved here and every address it has is checked; the connection then goes to a checked address
and to no other, so a name that resolves to something else a moment later leads nowhere. The certificate is
still checked against the name. No redirect is followed and no proxy is asked.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from ipaddress import ip_address
from socket import SOCK_STREAM, getaddrinfo
from typing import Final
from uuid import UUID

import httpcore
from standardwebhooks import Webhook

from coordinator.deliveries.outcomes import Outcome, outcome_of, trouble
from shared.destination_url import Address, address_trouble, url_trouble

MAX_ANSWER_BYTES: Final = 16_384
"""What is read of an answer; the rest is not wanted."""
AT_ONCE: Final = 16
"""The most connections to one destination."""
IDLE_S: Final = 15.0
_RESOLVERS: Final = 8
_resolving = ThreadPoolExecutor(_RESOLVERS, thread_name_prefix="resolve")
"""Threads of their own: a name server that does not answer must not take those of the database."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What is posted."""

    url: str
    parcel_id: UUID
    body: str
    secrets: tuple[str, ...]


class AddressRefused(Exception):
    """A name leads to an address to which nothing may be sent."""


class Poster:
    """The connections to one destination; close it."""

    def __init__(self, *, loopback: bool, timeout_s: float) -> None:
        self._loopback = loopback
        self._timeout_s = timeout_s
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=_tls(),
            max_connections=AT_ONCE,
            max_keepalive_connections=AT_ONCE,
            keepalive_expiry=IDLE_S,
            network_backend=_CheckedBackend(loopback),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.aclose()

    async def post(self, sent: Sent) -> Outcome:
        """Post a delivery once. Never raises for what the destination does."""
        try:
            if url_trouble(sent.url, loopback=self._loopback) is not None:
                return trouble("address-refused")
            async with asyncio.timeout(self._timeout_s):
                return await self._post(sent)
        except AddressRefused:
            return trouble("address-refused")
        except (TimeoutError, httpcore.TimeoutException):
            return trouble("timed-out")
        except httpcore.ConnectError as error:
            return trouble("tls-failed" if isinstance(error.__cause__, ssl.SSLError) else "unreachable")
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol):
            return trouble("broken-answer")

    async def _post(self, sent: Sent) -> Outcome:
        data = sent.body.encode()
        headers = signed_headers(sent, datetime.now(UTC))
        async with self._pool.stream("POST", sent.url, headers=headers, content=data) as answer:
            read = 0
            async for chunk in answer.aiter_stream():
                read += len(chunk)
                if read > MAX_ANSWER_BYTES:
                    break
            return outcome_of(answer.status, _header(answer.headers, b"retry-after"), datetime.now(UTC))


def signed_headers(sent: Sent, now_utc: datetime) -> list[tuple[str, str]]:
    """The headers of a delivery; each secret that is valid now signs it."""
    signatures = [Webhook(secret).sign(str(sent.parcel_id), now_utc, sent.body) for secret in sent.secrets]
    return [
        ("content-type", "application/json"),
        ("user-agent", "proctor-edge"),
        ("webhook-id", str(sent.parcel_id)),
        ("webhook-timestamp", str(int(now_utc.timestamp()))),
        ("webhook-signature", " ".join(signatures)),
    ]


async def resolved(host: str, port: int) -> list[Address]:
    """The addresses of a name. Raises `OSError`."""
    loop = asyncio.get_running_loop()
    found = await loop.run_in_executor(_resolving, lambda: getaddrinfo(host, port, type=SOCK_STREAM))
    return list(dict.fromkeys(ip_address(place[0]) for *_, place in found))


class _CheckedBackend(httpcore.AsyncNetworkBackend):
    """Connects only to checked addresses."""

    def __init__(self, loopback: bool) -> None:
        self._loopback = loopback
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # the name is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await self._checked(host, port)
        for place, address in enumerate(addresses):
            try:
                return await self._inner.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except httpcore.ConnectError:
                if place == len(addresses) - 1:
                    raise
        raise httpcore.ConnectError("the name has no address")

    async def _checked(self, host: str, port: int) -> Sequence[Address]:
        try:
            addresses = await resolved(host, port)
        except (OSError, UnicodeError, ValueError) as error:
            raise httpcore.ConnectError("the name cannot be resolved") from error
        # One refused address is enough: a name that leads inside with some of its addresses is not to be
        # trusted with the others.
        for address in addresses:
            if (why := address_trouble(address, loopback=self._loopback)) is not None:
                raise AddressRefused(why)
        return addresses

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@cache
def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


def _header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str | None:
    return next((value.decode("latin-1") for key, value in headers if key.lower() == name), None)
