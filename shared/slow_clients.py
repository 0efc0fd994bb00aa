"""Adds deadlines for requests to uvicorn, and headers to its own error answers.

Uvicorn limits only the idle time between two requests. A client that opens connections and sends nothing, or
a byte now and then, keeps them; a few thousand of them take every descriptor, or every place below
`limit_concurrency`, and no other client is served. Here a request's head must be complete within
`HEAD_WITHIN_S` and its body within `BODY_WITHIN_S`; after that the connection is closed. Answers and
WebSockets have no such limit.

Uvicorn itself answers data that is not HTTP, before any application; that answer gets `BARE_HEADERS` here.

Referenced by name, so that only a server imports it: `uvicorn.Config(http=PROTOCOL)`.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

PROTOCOL: Final = "shared.slow_clients:PunctualProtocol"
HEAD_WITHIN_S: Final = 15.0
BODY_WITHIN_S: Final = 120.0
"""Five enrollment pictures at 2 Mbit/s."""

BARE_HEADERS: Final = (
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cache-Control", "no-store"),
)
"""Headers of an answer that is a short text for programs, not a page."""


class PunctualProtocol(H11Protocol):
    """Uvicorn's HTTP/1.1 connection with two deadlines per request."""

    head_within_s: float = HEAD_WITHIN_S
    body_within_s: float = BODY_WITHIN_S
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the deadline with the connection."""
        super().connection_made(transport)
        self._wait_for(h11.IDLE, self.head_within_s)

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the deadline."""
        self._stop_waiting()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: Any) -> None:
        """The head has arrived; from here the WebSocket's own timeouts apply."""
        self._stop_waiting()
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
