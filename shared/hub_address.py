"""Decides by its address and version whether a hub may be used. Pure.

To another machine everything goes through TLS; a hub of an old version is refused everywhere.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

OLDEST: Final = (2, 11, 15)
"""Earlier releases let a client manage streams, or log in, against its permissions."""
OLDEST_OF_2_12: Final = (2, 12, 6)
"""The first release of the line 2.12 with the same corrections."""
_RELEASE: Final = re.compile(r"v?(\d{1,6})\.(\d{1,6})\.(\d{1,6})(?![\d.])")
_SERVER: Final = re.compile(r"(nats|tls)://[^/\s@,]+")


def servers_of(url: str) -> list[str]:
    """The addresses of the hub's servers: one, or those of a cluster, separated by commas."""
    return url.split(",")


def version_refused(version: str) -> str | None:
    """Why a server of this version is not used; None if it is."""
    if (release := _RELEASE.match(version)) is None:
        return f"nats-server reports the version {version[:40]!r}, which is not known"
    numbers = (int(release[1]), int(release[2]), int(release[3]))
    oldest = OLDEST_OF_2_12 if numbers[:2] == OLDEST_OF_2_12[:2] else OLDEST
    if numbers >= oldest:
        return None
    return f"nats-server {_text(numbers)} is older than {_text(oldest)} and lacks corrections of its security"


def address_refused(url: str) -> str | None:
    """Why this address of a hub is not used; None if it is."""
    servers = servers_of(url)
    if not all(map(_SERVER.fullmatch, servers)):
        return (
            "must be nats://host:port or tls://host:port without credentials, or several, with commas between"
        )
    if len({urlsplit(server).scheme for server in servers}) > 1:
        return "all servers of a hub must be nats:// or all tls://"
    away = [server for server in servers if not (server.startswith("tls:") or on_this_machine(server))]
    return f"{away[0]} is on another machine, so it must be reached by tls://" if away else None


def on_this_machine(server: str) -> bool:
    """Whether an address with a scheme is one of this machine."""
    host = urlsplit(server).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:  # a name, which may be anywhere
        return False


def _text(numbers: tuple[int, int, int]) -> str:
    return ".".join(map(str, numbers))


def _usable(url: str) -> str:
    if why := address_refused(url):
        raise ValueError(why)
    return url


HubUrl = Annotated[str, Field(max_length=1_000), AfterValidator(_usable)]
"""An address in a settings file."""
