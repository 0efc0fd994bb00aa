"""Defines the settings of a web server's connections, the same for both daemons."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from shared.config_file import Section
from shared.fields import Name


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as error:
        raise ValueError("is not an address or a network such as 10.0.0.7 or 10.0.0.0/24") from error


Network = Annotated[str, Field(max_length=50), AfterValidator(_network)]
Port = Annotated[int, Field(ge=1, le=65_535)]
LOOPBACK: Final = "127.0.0.1"


class ConnectionsSection(Section):
    """How many connections are open at once, and from whom."""

    in_all: Annotated[int, Field(ge=100, le=100_000)] = 5_000
    """The most open connections. At the limit, a new connection replaces the one that has waited longest
    without sending a whole request."""
    per_address: Annotated[int, Field(ge=20, le=100_000)] = 2_500
    """The most connections of one address (in IPv6: of a 64-bit network). An exam hall behind one address has
    several per candidate."""
    trusted_proxies: Annotated[tuple[Network, ...], Field(max_length=50)] = ()
    """Addresses and networks of reverse proxies. Only their X-Forwarded-For and X-Forwarded-Proto headers are
    used, and `per_address` does not apply to them."""


class StatusSection(Section):
    """Where health and metrics are served in full, without a token: only for this host and its monitoring."""

    host: Name = LOOPBACK
    """Address to listen on."""
    port: Port
    """Port to listen on; must differ from the pages' port."""


def check_ports(web: int, status: int) -> None:
    """Check that both ports differ. Raises ValueError if they do not."""
    if web == status:
        raise ValueError("status.port must differ from web.port")
