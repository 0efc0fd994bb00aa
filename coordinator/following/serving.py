"""Listens for programs of institutions: TLS 1.3, and none without a certificate that is known.

Certificates are known within seconds of being entered. One that is accepted no more ends its calls at their
next look at the database, whatever was agreed when the connection was made.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from coordinator.config import GrpcSection
from coordinator.destinations import certificates_service as certificates
from coordinator.following.calls import Calls
from coordinator.following.http2 import GrpcConnection
from coordinator.web_api.parts import Parts
from shared.errors import ConfigError, Unavailable
from shared.web_server.doors import Doors
from shared.web_server.doorway import Bounds
from shared.web_server.handshakes import Handshake
from shared.web_server.tls import ServerTls

log = logging.getLogger(__name__)

BOUNDS: Final = Bounds(in_all=500, per_address=100)
LOOK_EVERY_S: Final = 2.0


class Serving:
    """The port of one coordinator."""

    def __init__(self, parts: Parts, section: GrpcSection, counts: Counter[str]) -> None:
        """Raises `ConfigError` if the files of the certificate cannot be used."""
        self._parts, self._section = parts, section
        self._calls = Calls(parts, counts)
        self._doors = Doors(BOUNDS)
        self._connections: set[GrpcConnection] = set()
        self._accepted: Sequence[bytes] = ()
        self._tls = _tls(section, ())

    @property
    def open(self) -> int:
        """Connections that are open now."""
        return len(self._connections)

    async def run(self) -> None:
        """Serve until cancelled."""
        with suppress(Unavailable):
            await self.refresh()
        loop, section = asyncio.get_running_loop(), self._section
        server = await loop.create_server(self._handshake, section.host, section.port)
        try:
            while True:
                await asyncio.sleep(LOOK_EVERY_S)
                with suppress(Unavailable):
                    await self.refresh()
        finally:
            server.close()
            await asyncio.gather(*(one.close() for one in list(self._connections)))

    async def refresh(self) -> None:
        """Know the certificates that are accepted now, and the server's own if its files have changed."""
        self._tls.refresh()
        now_utc = self._parts.utc_now()
        accepted = await self._parts.reading(lambda db: certificates.accepted(db, now_utc))
        if accepted != self._accepted:
            try:
                self._tls = _tls(self._section, accepted)
            except ConfigError as error:  # as while its files are being replaced
                log.error("the certificate of gRPC cannot be used", extra={"error": str(error)})
            else:
                self._accepted = accepted

    def _handshake(self) -> Handshake:
        return Handshake(self._tls.context, self._doors, self._made)

    def _made(self) -> GrpcConnection:
        made = GrpcConnection(self._doors, self._calls.answer, self._connections.discard)
        self._connections.add(made)
        return made


def _tls(section: GrpcSection, accepted: Sequence[bytes]) -> ServerTls:
    tls = ServerTls(section.tls)
    context = tls.context
    context.set_alpn_protocols(["h2"])
    context.num_tickets = 0  # every connection proves anew who it is
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # a known certificate needs no CA above it
    for der in accepted:
        try:
            context.load_verify_locations(cadata=der)
        except ssl.SSLError:
            log.warning("a destination's certificate cannot be used for TLS")
    return tls
