"""Candidates' pages in miniature: each keeps its media flowing as the real one does (`link.js`), with a
datagram in place of a picture."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from edge.media.signaling import PROTOCOL, TAB_PREFIX, TOKEN_PREFIX

PICTURE_EVERY_S: Final = 0.4
SILENT_AFTER_S: Final = 3.0
CONNECT_S: Final = 8.0
FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 4.0
STEADY_AFTER_S: Final = 10.0
LOOK_AGAIN_S: Final = 3.0
NOT_HERE: Final = frozenset({4401, 4403, 4404, 4410})
"""A node that does not have the session closes with these codes; the exam may go on elsewhere."""
EMPTY_EVERY_S: Final = 9.0
EMPTY_S: Final = 3.0
"""So long of every `EMPTY_EVERY_S` nobody sits there."""

AskRoute = Callable[[int], Awaitable[str | None]]
"""With the number of failed connections: where to connect; None: nobody knows."""


@dataclass
class Air(asyncio.DatagramProtocol):
    """The pages' way to the nodes."""

    cut: set[int] = field(default_factory=set)
    """Ports of nodes that no page reaches."""
    calm: bool = False
    """Whether every candidate stays seated."""
    pages: dict[str, Page] = field(default_factory=dict)
    """By the name that each has offered."""
    transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        page = self.pages.get(data.decode().partition(" ")[0])
        if page is not None and addr[1] not in self.cut:
            page.heard_at = time.monotonic()

    def error_received(self, exc: Exception) -> None:
        """A node that is dead: nothing comes back."""


@dataclass
class Page:
    """One candidate's page."""

    number: int
    url: str
    token: str
    air: Air
    ask_route: AskRoute
    tab: str = field(default_factory=lambda: str(uuid4()))
    heard_at: float = 0.0
    """When something came back of what it sent."""
    failed: int = 0
    closed: int | None = None
    """The close code of its last connection."""
    back_s: list[float] = field(default_factory=list)
    """From each question for its node to media that flow again."""
    asked_at: float | None = None

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    def flows(self, within_s: float) -> bool:
        """Whether its media have arrived lately."""
        return time.monotonic() - self.heard_at < within_s

    async def live(self) -> None:
        """Send until cancelled."""
        attempt = 0
        while True:
            await asyncio.sleep(_wait_s(attempt))
            if attempt:
                await self._reroute()
            began_at = time.monotonic()
            self.closed = await self._once()
            if self.closed in NOT_HERE and not await self._reroute():
                await asyncio.sleep(LOOK_AGAIN_S)
            steady = time.monotonic() - began_at > STEADY_AFTER_S
            attempt = 1 if steady else attempt + 1

    async def _reroute(self) -> bool:
        self.asked_at = self.asked_at or time.monotonic()
        url = await self.ask_route(self.failed)
        if url is None or url == self.url:
            return False
        self.url, self.failed = url, 0
        return True

    async def _once(self) -> int:
        """One connection from start to end; its close code."""
        if self.port in self.air.cut:
            await asyncio.sleep(CONNECT_S / 2)
            self.failed += 1
            return 1006
        name = uuid4().hex
        protocols: Any = [PROTOCOL, TOKEN_PREFIX + self.token, TAB_PREFIX + self.tab]
        try:
            async with connect(
                self.url, subprotocols=protocols, open_timeout=CONNECT_S, close_timeout=1, ping_interval=None
            ) as socket:
                return await self._connected(socket, name)
        except (OSError, TimeoutError, WebSocketException):
            self.failed += 1
            return 1006
        finally:
            self.air.pages.pop(name, None)

    async def _connected(self, socket: ClientConnection, name: str) -> int:
        async with asyncio.timeout(CONNECT_S):
            await socket.send(json.dumps({"type": "offer", "sdp": name}))
            with suppress(WebSocketException):
                while json.loads(await socket.recv())["type"] not in ("answer", "error"):
                    pass
        self.air.pages[name] = self
        reading = asyncio.create_task(_read(socket))
        self.heard_at = opened_at = time.monotonic()
        try:
            while not reading.done() and self.flows(SILENT_AFTER_S):
                if self.heard_at > opened_at:
                    self._arrived()
                self._send(name)
                await asyncio.wait({reading}, timeout=PICTURE_EVERY_S)
        finally:
            reading.cancel()
        return socket.close_code or 1006

    def _arrived(self) -> None:
        self.failed = 0
        if self.asked_at is not None:
            self.back_s.append(time.monotonic() - self.asked_at)
            self.asked_at = None

    def _send(self, name: str) -> None:
        if self.port in self.air.cut:
            return
        empty = (time.time() + 0.7 * self.number) % EMPTY_EVERY_S < EMPTY_S and not self.air.calm
        self.air.transport.sendto(f"{name} {'a' if empty else 'p'}".encode(), ("127.0.0.1", self.port))


async def _read(socket: ClientConnection) -> None:
    with suppress(WebSocketException):
        async for _ in socket:
            pass


def _wait_s(attempt: int) -> float:
    chance = random.random()
    if attempt == 0:
        return 0.3 * chance
    return min(LONGEST_WAIT_S, FIRST_WAIT_S * 1.5 ** (attempt - 1)) * (0.5 + chance / 2)
