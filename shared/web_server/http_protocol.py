"""Adds deadlines and a limit to uvicorn's HTTP connections, and headers to its own error answers.

Uvicorn limits only the idle time between two requests. A client that opens connections and sends nothing, or
a byte now and then, keeps them. A few thousand of them use all file descriptors, and no other client is
served. Here a request's head must be complete within `HEAD_WITHIN_S` and its body within `BODY_WITHIN_S`;
after that the connection is closed. Their number is limited (`doorway`), and a connection is closed if its
client does not read the answer. WebSockets have limits of their own (`socket_protocol`).

Uvicorn itself answers data that is not HTTP, before any application; that answer gets `BARE_HEADERS` here.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from shared.web_server.doors import Doors

FOREIGN_LOG: Final = logging.getLogger(f"{__name__}.uvicorn")
"""Uvicorn's log about single connections. Errors only, because strangers could cause any number of other
lines."""
FOREIGN_LOG.setLevel(logging.ERROR)

HEAD_WITHIN_S: Final = 5.0
BODY_WITHIN_S: Final = 120.0
"""Long enough for five enrollment pictures at 2 Mbit/s."""
TAKEN_WITHIN_S: Final = 30.0
"""What is sent to a client must be acknowledged within this."""

BARE_HEADERS: Final = (
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cache-Control", "no-store"),
)
"""Headers of an answer that is a short text for programs, not a page."""


class PunctualProtocol(H11Protocol):
    """Uvicorn's HTTP/1.1 connection, admitted by `doors`, with two deadlines per request."""

    head_within_s: float = HEAD_WITHIN_S
    body_within_s: float = BODY_WITHIN_S
    _deadline: asyncio.TimerHandle | None = None

    def __init__(self, *args: Any, doors: Doors, **options: Any) -> None:
        super().__init__(*args, **options)
        self._doors = doors
        self.logger = FOREIGN_LOG

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the deadline with the connection."""
        super().connection_made(transport)
        if self._doors.enter(transport, self.client, self.server, time.monotonic()):
            _expect_to_be_read(transport)
            self._wait_for(h11.IDLE, self.head_within_s)

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the deadline."""
        self._stop_waiting()
        self._doors.leave(self.transport)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Pass data on. With a whole head, the connection is no silent one any more; with a whole request, it
        keeps its place."""
        super().data_received(data)
        if self.conn.their_state is h11.SEND_BODY:
            self._doors.begins(self.transport)
        elif self.conn.their_state is not h11.IDLE:
            self._doors.asked(self.transport)

    def handle_websocket_upgrade(self, event: Any) -> None:
        """The head has arrived; from here the WebSocket's own timeouts apply."""
        self._stop_waiting()
        self._doors.asked(self.transport)
        super().handle_websocket_upgrade(event)

    def send_400_response(self, msg: str) -> None:
        """Answer only that this is not HTTP; the parser's `msg` is not shown."""
        text = b"bad request"
        headers = [(name.encode(), value.encode()) for name, value in BARE_HEADERS]
        headers += [(b"Content-Type", b"text/plain; charset=utf-8"), (b"Connection", b"close")]
        headers.append((b"Content-Length", b"%d" % len(text)))
        for event in (h11.Response(status_code=400, headers=headers), h11.Data(text), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def on_response_complete(self) -> None:
        """Start new deadlines for the next request on this connection."""
        super().on_response_complete()
        if not self.transport.is_closing():
            if self.conn.their_state is h11.IDLE:
                self._doors.waits(self.transport, time.monotonic())
            self._wait_for(h11.IDLE, self.head_within_s)

    def _wait_for(self, unfinished: Any, within_s: float) -> None:
        self._stop_waiting()
        self._deadline = self.loop.call_later(within_s, self._check, unfinished)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _check(self, unfinished: Any) -> None:
        if self.conn.their_state is unfinished:
            self.transport.abort()
        elif self.conn.their_state is h11.SEND_BODY:
            self._wait_for(h11.SEND_BODY, self.body_within_s)


def _expect_to_be_read(transport: asyncio.Transport) -> None:
    """Let the system close a connection whose client has stopped reading, also while it is being closed."""
    connection = transport.get_extra_info("socket")
    if connection is not None and connection.family in (socket.AF_INET, socket.AF_INET6):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(TAKEN_WITHIN_S * 1_000))
