"""Limits the frames and bytes of uvicorn's WebSockets before anything is parsed.

Pings and pongs never reach the application: the parser answers each of them, and a client that sends 20,000 a
second on one socket blocks everybody else. So frames of every kind are counted here first. A socket that
exceeds its allowance is closed with 1008 and no longer read.

Also, a refusal before the handshake is not logged as an error, and addresses are not logged at all, because
they contain tickets.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from shared.rates import Rate
from shared.web_server.doors import Doors
from shared.web_server.frames import Allowance, Frames
from shared.web_server.http_protocol import FOREIGN_LOG

ALLOWANCE: Final = Allowance(frames=Rate(burst=100, per_s=5.0), bytes=Rate(burst=2**18, per_s=2**14))
"""What one socket may send. An offer has at most 80 KiB; candidates, pings and pongs of a page are a few a
second."""
TOO_MUCH: Final = 1008
REASON: Final = "more frames or bytes than a page needs to send"
LINGER_S: Final = 1.0
"""How long such a client has to read the close frame."""
CLOSE_WITHIN_S: Final = 2.0
"""How long a client has to answer a close frame."""


class MeteredProtocol(WebSocketsSansIOProtocol):
    """Uvicorn's WebSocket connection, within an allowance."""

    allowance: Allowance = ALLOWANCE

    def __init__(self, *args: Any, doors: Doors, **options: Any) -> None:
        super().__init__(*args, **options)
        self._doors = doors
        self._frames = Frames(self.allowance)
        self._over = False
        self.logger = self.conn.logger = FOREIGN_LOG
        self.close_timeout = CLOSE_WITHIN_S

    def connection_lost(self, exc: Exception | None) -> None:
        """Free the connection's place."""
        self._doors.leave(self.transport)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count frames. The first data is the request's head, passed on by the HTTP connection."""
        if self._over:
            return
        now = time.monotonic()
        if self.handshake_initiated and not self._frames.allow(data, now):
            self._end(now)
            return
        super().data_received(data)

    async def send(self, message: Any) -> None:
        """Send as uvicorn does, but treat a refusal before the handshake as a finished handshake."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and self.close_sent:
            self.handshake_complete = True

    def _end(self, now: float) -> None:
        self._over = True
        self._doors.counts["too-much"] += 1
        self._doors.tell("sockets are closed because they sent too much", now)
        self.transport.pause_reading()
        if not self.handshake_complete or self.close_sent:
            self.transport.abort()
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": TOO_MUCH, "reason": REASON})
        self.conn.send_close(TOO_MUCH, REASON)
        self.transport.write(b"".join(self.conn.data_to_send()))
        # The application must not send any more, nor wait for a client that does not read.
        self.close_sent = self.disconnected = True
        self.read_paused = False
        self.writable.set()
        self.stop_keepalive()
        # Closing at once would reset the connection, because data is unread: the client would not learn why.
        self.close_timer = asyncio.get_running_loop().call_later(LINGER_S, self.transport.abort)
