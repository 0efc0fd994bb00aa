"""Uvicorn's options and listening sockets, as both daemons run it."""

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
"""Connections that asyncio accepts in a row, before anything else has its turn."""
TURNED_AWAY_AT_ONCE: Final = 64
SAYS_SOMETHING_WITHIN_S: Final = 4
QUEUE: Final = 4_096
"""Connections that the system keeps for us until then."""


def doors_of(settings: ConnectionsSection, status_port: int, other_files: int) -> Doors:
    """The doors of a daemon; its limit of open files is raised as far as needed.

    `other_files`: what it opens beside connections. Raises `ConfigError` when its limit is too low.
    """
    in_all = claim(settings.in_all, other_files)
    return Doors(Bounds(in_all, min(settings.per_address, in_all)), settings.trusted_proxies, status_port)


def server_options(doors: Doors, settings: ConnectionsSection) -> dict[str, Any]:
    """How uvicorn is run, wherever it is run."""
    return {
        "http": partial(PunctualProtocol, doors=doors),
        "ws": partial(MeteredProtocol, doors=doors),
        # zlib's state would cost each socket some 300 KiB.
        "ws_per_message_deflate": False,
        # Without proxies nobody is believed; uvicorn's default believes whoever connects over loopback.
        "proxy_headers": bool(settings.trusted_proxies),
        "forwarded_allow_ips": list(settings.trusted_proxies),
        "backlog": ACCEPTED_AT_ONCE,
        "access_log": False,
        "server_header": False,
    }


def listen(host: str, port: int, doors: Doors | None = None) -> socket.socket:
    """A listening socket; who comes to it too often is turned away. None: nobody is.

    Raises `ConfigError` when the port cannot be had.
    """
    listener = _Listener(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listener.doors = doors
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if listener.family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        # Who says nothing is not even accepted: the system hands a connection over with its first bytes.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, SAYS_SOMETHING_WITHIN_S)
        listener.bind((host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise ConfigError(f"cannot listen on {host} port {port}: {error.strerror}") from error
    return listener


class _Listener(socket.socket):
    """A listening socket as asyncio uses it.

    asyncio listens with the number it accepts in a turn. Where that is small, the queue overflows as soon as
    many come at once, and the system answers those left out after a second or three. And for each connection
    it builds a good deal before anybody can object: those that come too fast are closed here.
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
        raise BlockingIOError("many come too fast; others have their turn")
