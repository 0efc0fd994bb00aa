"""TLS 1.3 for one of a server's ports, with a certificate from files that are read again when they change."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from pathlib import Path
from typing import Any, Final

import uvicorn

from shared.errors import ConfigError
from shared.secret_file import read_private
from shared.web_server.doors import Doors
from shared.web_server.handshakes import Handshake
from shared.web_server.tls_section import TlsSection

log = logging.getLogger(__name__)

LOOK_EVERY_TICKS: Final = 100
"""Of a tenth of a second."""
Version = tuple[tuple[int, int], ...]


class ServerTls:
    """The certificate that new connections get."""

    def __init__(self, section: TlsSection) -> None:
        """Raises `ConfigError` if the files cannot be used."""
        self._certificate, self._key = section.certificate_file, section.key_file
        self._seen = self._version()
        self.context = self._loaded(_context())

    def refresh(self) -> None:
        """Take a new certificate if there is one; an unusable one is not taken. Open connections stay."""
        try:
            if (version := self._version()) == self._seen:
                return
            self._seen = version
            self._loaded(_context())  # a try: half a change would leave a certificate without its key
            self._loaded(self.context)
        except ConfigError as error:
            log.error("a new certificate cannot be used; the former one counts", extra={"error": str(error)})
        else:
            log.info("the server has a new certificate")

    def _loaded(self, context: ssl.SSLContext) -> ssl.SSLContext:
        read_private(self._key)
        try:
            context.load_cert_chain(self._certificate, self._key)
        except OSError as error:  # also what ssl says of files that do not belong together
            raise ConfigError(
                f"{self._certificate} and {self._key} are not a certificate and its key: "
                f"{getattr(error, 'reason', None) or error.strerror or error}"
            ) from error
        return context

    def _version(self) -> Version:
        return tuple(_stamp(path) for path in (self._certificate, self._key))


class SecuredServer(uvicorn.Server):
    """Uvicorn that speaks TLS on one port, and clear on its others."""

    def __init__(self, config: uvicorn.Config, port: int, tls: ServerTls | None, doors: Doors) -> None:
        """`tls`: for this port; None: it speaks clear as well."""
        super().__init__(config)
        self._port, self._tls, self._doors = port, tls, doors

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen on all sockets."""
        if (tls := self._tls) is None or sockets is None:
            await super().startup(sockets)
            return
        secured = [one for one in sockets if one.getsockname()[1] == self._port]
        await super().startup([one for one in sockets if one not in secured])
        loop = asyncio.get_running_loop()
        for one in secured:
            self.servers.append(
                await loop.create_server(
                    lambda: Handshake(tls.context, self._doors, self._protocol),
                    sock=one,
                    backlog=self.config.backlog,
                )
            )

    async def on_tick(self, counter: int) -> bool:
        """Also look whether there is a new certificate."""
        if self._tls is not None and counter % LOOK_EVERY_TICKS == 0:
            self._tls.refresh()
        return await super().on_tick(counter)

    def _protocol(self) -> asyncio.Protocol:
        kind: Any = self.config.http_protocol_class
        made: asyncio.Protocol = kind(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made


def server_tls(section: TlsSection | None) -> ServerTls | None:
    """The TLS of a server with these settings. Raises `ConfigError` if the files cannot be used."""
    return None if section is None else ServerTls(section)


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


def _stamp(path: Path) -> tuple[int, int]:
    try:
        about = path.stat()
    except OSError:
        return (0, 0)
    return (about.st_ino, about.st_mtime_ns)
