"""Settings of a web server's connections, the same for both daemons."""

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
    """The most open connections. At the limit, the one that waits longest without having sent a whole request
    gives way to the next."""
    per_address: Annotated[int, Field(ge=20, le=100_000)] = 2_500
    """The most of one address (in IPv6: of a network of 64 bits); an exam hall behind one address has several
    for each candidate."""
    trusted_proxies: Annotated[tuple[Network, ...], Field(max_length=50)] = ()
    """Addresses and networks of reverse proxies. Only their X-Forwarded-For and X-Forwarded-Proto are
    believed, and `per_address` does not apply to them."""


class StatusSection(Section):
    """Where health and metrics are told in full, without a token: for this host and its monitoring alone."""

    host: Name = LOOPBACK
    """Address to listen on."""
    port: Port
    """Port to listen on; another than that of the pages."""


def check_ports(web: int, status: int) -> None:
    """Raises ValueError when both would be the same."""
    if web == status:
        raise ValueError("status.port must differ from web.port")
