"""Makes uvicorn's options and listening sockets for both daemons."""

from __future__ import annotations

import socket
import time
from functools import partial
from typing import Any, Final

from shared.errors import ConfigError
from shared.web_server.connections import ConnectionsSection
from shared.web_server.descriptors import claim
from shared.web_server.doors import Doors
from shared.web_server.doorway import Bounds
from shared.web_server.http_protocol import PunctualProtocol
from shared.web_server.socket_protocol import MeteredProtocol

ACCEPTED_AT_ONCE: Final = 32
"""Connections that asyncio accepts in a row before it does anything else."""
TURNED_AWAY_AT_ONCE: Final = 64
SAYS_SOMETHING_WITHIN_S: Final = 4
QUEUE: Final = 4_096
"""Connections that the system queues until they are accepted."""


def doors_of(settings: ConnectionsSection, status_port: int, other_files: int) -> Doors:
    """Make the doors of a daemon, and raise its limit of open files as far as needed.

    `other_files`: files it opens besides connections. Raises `ConfigError` when its limit is too low.
    """
    in_all = claim(settings.in_all, other_files)
    return Doors(Bounds(in_all, min(settings.per_address, in_all)), settings.trusted_proxies, status_port)


def server_options(doors: Doors, settings: ConnectionsSection) -> dict[str, Any]:
    """The options with which both daemons run uvicorn."""
    return {
        "http": partial(PunctualProtocol, doors=doors),
        "ws": partial(MeteredProtocol, doors=doors),
        # No compression: zlib's state would need some 300 KiB per socket.
        "ws_per_message_deflate": False,
        # Without proxies no forwarded header is used; uvicorn's default uses those of every loopback client.
        "proxy_headers": bool(settings.trusted_proxies),
        "forwarded_allow_ips": list(settings.trusted_proxies),
        "backlog": ACCEPTED_AT_ONCE,
        "access_log": False,
        "server_header": False,
    }


def listen(host: str, port: int, doors: Doors | None = None) -> socket.socket:
    """A listening socket. `doors` refuses clients that connect too often; None: no client is refused.

    Raises `ConfigError` when the port cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio lets each part of an answer leave at once only where the socket's protocol is named. Otherwise a
    # body waits until the client has acknowledged the head, up to 40 ms.
    listener = _Listener(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.doors = doors
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if listener.family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        # The system hands a connection over only with its first bytes, so a silent one is never accepted.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, SAYS_SOMETHING_WITHIN_S)
        listener.bind((host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise ConfigError(f"cannot listen on {host} port {port}: {error.strerror}") from error
    return listener


class _Listener(socket.socket):
    """A listening socket as asyncio uses it.

    asyncio uses the number that it accepts in a row as the queue's length too. If that is small, the queue
    overflows when many clients connect at once, and the system answers the others one to three seconds later.
    asyncio also creates several objects per connection before it can be refused, so clients that connect too
    fast are refused here.
    """

    doors: Doors | None = None

    def listen(self, backlog: int = QUEUE, /) -> None:
        super().listen(max(backlog, QUEUE))

    def accept(self) -> tuple[socket.socket, Any]:
        for _ in range(TURNED_AWAY_AT_ONCE):
            connection, place = super().accept()
            if self.doors is None or self.doors.arrives(place[0], time.monotonic()):
                return connection, place
            connection.close()
        raise BlockingIOError("a client connects too fast; others are served first")
