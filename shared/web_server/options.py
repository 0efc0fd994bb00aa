"""Uvicorn's options and listening sockets, as both daemons run it."""

from __future__ import annotations

import socket
from functools import partial
from typing import Any, Final

from shared.errors import ConfigError
from shared.web_server.connections import ConnectionsSection
from shared.web_server.descriptors import claim
from shared.web_server.doors import Doors
from shared.web_server.doorway import Bounds
from shared.web_server.http_protocol import PunctualProtocol
from shared.web_server.socket_protocol import MeteredProtocol

BACKLOG: Final = 128
"""Also how many connections asyncio accepts in a row, before anything else has its turn."""


def doors(settings: ConnectionsSection, status_port: int, other_files: int) -> Doors:
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
        "backlog": BACKLOG,
        "access_log": False,
        "server_header": False,
    }


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises `ConfigError` when the port cannot be had."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise ConfigError(f"cannot listen on {host} port {port}: {error.strerror}") from error
