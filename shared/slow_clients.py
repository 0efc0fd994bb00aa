"""HTTP connections that do not wait for ever, and whose bare answers carry headers: what uvicorn leaves open.

Uvicorn bounds only how long a connection may idle between two requests. Whoever opens connections and says
nothing, or a byte now and then, keeps them; a few thousand such take every descriptor, or every place below
`limit_concurrency`, and nobody else is served. Here a request's head must be whole within `HEAD_WITHIN_S` and
its body within `BODY_WITHIN_S`; after that the connection is cut. Answers and WebSockets are left alone.

What is no HTTP at all is answered by uvicorn itself, before any application; that answer gets
`BARE_HEADERS` here.

Used by name, so that only a server imports it: `uvicorn.Config(http=PROTOCOL)`.
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
"""Of an answer that is a short text for programs and no page."""


class PunctualProtocol(H11Protocol):
    """Uvicorn's HTTP/1.1 connection with two deadlines per request."""

    head_within_s: float = HEAD_WITHIN_S
    body_within_s: float = BODY_WITHIN_S
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The clock starts with the connection."""
        super().connection_made(transport)
        self._wait_for(h11.IDLE, self.head_within_s)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: Any) -> None:
        """The head has come; the socket's own timeouts count from here."""
        self._stop_waiting()
        super().handle_websocket_upgrade(event)

    def send_400_response(self, msg: str) -> None:
        """Say that this is no HTTP, and no more: `msg` is the parser's."""
        text = b"bad request"
        headers = [(name.encode(), value.encode()) for name, value in BARE_HEADERS]
        headers += [(b"Content-Type", b"text/plain; charset=utf-8"), (b"Connection", b"close")]
        headers.append((b"Content-Length", b"%d" % len(text)))
        for event in (h11.Response(status_code=400, headers=headers), h11.Data(text), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def on_response_complete(self) -> None:
        """The next request on this connection has its own deadlines."""
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
