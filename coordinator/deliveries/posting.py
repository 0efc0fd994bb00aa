"""Posts deliveries to a webhook: signed, to a checked address, within bounds.

The name is resolved here and every address it has is checked; the connection then goes to a checked address
and to no other, so a name that resolves to something else a moment later leads nowhere. The certificate is
still checked against the name. No redirect is followed and no proxy is asked.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Final
from urllib.parse import urlsplit

from standardwebhooks import Webhook

from coordinator.deliveries.addresses import AddressRefused, check_addresses, resolved
from coordinator.deliveries.connection import Answer, Broken, Connection, Server, connected
from coordinator.deliveries.outcomes import Outcome, outcome_of, trouble
from coordinator.deliveries.sending import Sent
from shared.destination_url import Address, url_trouble

IDLE_S: Final = 15.0
"""A connection that was unused for longer is not used again."""


class Poster:
    """The connections to one destination; close it."""

    def __init__(self, *, loopback: bool, timeout_s: float) -> None:
        self._loopback = loopback
        self._timeout_s = timeout_s
        self._idle: list[tuple[Server, Connection, float]] = []
        """Unused connections, the most recent last, each since when."""
        self._asked: tuple[Server, asyncio.Task[Sequence[Address]]] | None = None
        """The latest question for a name's addresses."""

    def close(self) -> None:
        """Close the connections."""
        while self._idle:
            self._idle.pop()[1].close()
        if self._asked is not None:
            self._asked[1].cancel()

    async def post(self, sent: Sent) -> Outcome:
        """Post a delivery once. Never raises for what the destination does."""
        if url_trouble(sent.url, loopback=self._loopback) is not None:
            return trouble("address-refused")
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._answer(sent)
        except AddressRefused:
            return trouble("address-refused")
        except TimeoutError:
            return trouble("timed-out")
        except ssl.SSLError:
            return trouble("tls-failed")
        except OSError:
            return trouble("unreachable")
        except Broken:
            return trouble("broken-answer")
        return outcome_of(answer.status, answer.retry_after, datetime.now(UTC))

    async def _answer(self, sent: Sent) -> Answer:
        server = server_of(sent.url)
        if (unused := self._unused(server)) is not None:
            try:
                return await self._over(unused, server, sent)
            except Broken as error:
                if not error.silent:
                    raise
                # It was closed while nobody used it: that is no failure of the destination.
        return await self._over(await self._connect(server), server, sent)

    async def _over(self, connection: Connection, server: Server, sent: Sent) -> Answer:
        try:
            headers = signed_headers(sent, datetime.now(UTC))
            answer = await connection.post(_target(sent.url), headers, sent.body.encode())
        except BaseException:
            connection.close()
            raise
        if connection.reusable:
            self._idle.append((server, connection, time.monotonic()))
        else:
            connection.close()
        return answer

    def _unused(self, server: Server) -> Connection | None:
        while self._idle:
            there, connection, since = self._idle.pop()
            if there == server and connection.reusable and time.monotonic() - since < IDLE_S:
                return connection
            connection.close()
        return None

    async def _connect(self, server: Server) -> Connection:
        addresses = await self._addresses(server)
        check_addresses(addresses, loopback=self._loopback)
        return await connected(server, addresses)

    async def _addresses(self, server: Server) -> Sequence[Address]:
        # All tries that wait for the same name share one thread, also when those before gave up: a name
        # server that does not answer for this destination must not take the threads of the others.
        if self._asked is None or self._asked[0] != server or self._asked[1].done():
            self._asked = server, asyncio.create_task(resolved(server.host, server.port))
        return await asyncio.shield(self._asked[1])


def signed_headers(sent: Sent, now_utc: datetime) -> list[tuple[str, str]]:
    """The headers of a delivery; each secret that is valid now signs it."""
    signatures = [Webhook(secret).sign(str(sent.parcel_id), now_utc, sent.body) for secret in sent.secrets]
    return [
        ("host", _place(sent.url)),
        ("content-type", "application/json"),
        ("content-length", str(len(sent.body.encode()))),
        ("user-agent", "proctor-edge"),
        ("webhook-id", str(sent.parcel_id)),
        ("webhook-timestamp", str(int(now_utc.timestamp()))),
        ("webhook-signature", " ".join(signatures)),
    ]


def server_of(url: str) -> Server:
    """Where a URL leads."""
    parts = urlsplit(url)
    tls = _tls() if parts.scheme == "https" else None
    return Server(parts.hostname or "", parts.port or (80 if tls is None else 443), tls)


def _place(url: str) -> str:
    return urlsplit(url).netloc


def _target(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


@cache
def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context
