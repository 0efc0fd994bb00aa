"""Agrees on TLS with each new connection, which has its place at the doors meanwhile.

A connection that does not agree costs its sender nothing. So it counts, and may lose its place, as one that
has not sent a whole request.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from typing import Final

from shared.web_server.doors import Doors

HANDSHAKE_WITHIN_S: Final = 5.0


class Handshake(asyncio.Protocol):
    """A connection until TLS is agreed; then it is the protocol's that `make` gives."""

    def __init__(self, context: ssl.SSLContext, doors: Doors, make: Callable[[], asyncio.Protocol]) -> None:
        self._context, self._doors, self._make = context, doors, make
        self._early = bytearray()
        self._agreeing: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, if there is a place."""
        assert isinstance(transport, asyncio.Transport)
        client, server = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        if self._doors.enter(transport, client, server, time.monotonic()):
            transport.pause_reading()  # until it is known who reads
            self._agreeing = asyncio.create_task(self._agree(transport))

    def data_received(self, data: bytes) -> None:
        """Data that arrived together with the end of the handshake; at most one read."""
        self._early += data

    async def _agree(self, clear: asyncio.Transport) -> None:
        try:
            if clear.is_closing():  # it has lost its place already
                return
            secured = await asyncio.get_running_loop().start_tls(
                clear, self, self._context, server_side=True, ssl_handshake_timeout=HANDSHAKE_WITHIN_S
            )
        except OSError:  # also what ssl says, and a handshake that takes too long
            return
        finally:
            self._doors.leave(clear)
        if secured is None or secured.is_closing():
            return
        protocol = self._make()
        secured.set_protocol(protocol)
        protocol.connection_made(secured)
        if self._early and not secured.is_closing():
            protocol.data_received(bytes(self._early))
