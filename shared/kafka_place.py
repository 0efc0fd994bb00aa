"""Decides which Kafka clusters may be destinations, and how their place is written. Pure.

The text of a place is `kafka+tls://HOST:PORT,HOST:PORT/TOPIC`, or `kafka://…` without TLS, which is for
trying things out on this machine.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from shared.destination_url import Address, address_trouble

MOST_SERVERS: Final = 10
SERVER: Final = re.compile(r"(?P<host>[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):(?P<port>[0-9]{1,5})")
"""`HOST:PORT`; an IPv6 address stands in brackets."""
TOPIC: Final = r"^[A-Za-z0-9._-]{1,249}$"
_PLACE: Final = re.compile(r"(?P<scheme>kafka(?:\+tls)?)://(?P<servers>[^/]+)/(?P<topic>[^/]+)")


@dataclass(frozen=True, slots=True)
class KafkaServer:
    """A broker, as it is entered or as the cluster names it."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class KafkaPlace:
    """Where records go."""

    servers: tuple[KafkaServer, ...]
    """The first ones that are asked; they name the others."""
    topic: str
    tls: bool

    def __str__(self) -> str:
        scheme = "kafka+tls" if self.tls else "kafka"
        return f"{scheme}://{','.join(map(str, self.servers))}/{self.topic}"


def read_server(text: str) -> KafkaServer:
    """A server from `HOST:PORT`. Raises `ValueError`."""
    found = SERVER.fullmatch(text)
    if found is None or not 0 < int(found["port"]) < 65_536:
        raise ValueError("must be HOST:PORT")
    return KafkaServer(found["host"].strip("[]"), int(found["port"]))


def read_place(text: str) -> KafkaPlace:
    """A place from its text. Raises `ValueError`."""
    found = _PLACE.fullmatch(text)
    if found is None:
        raise ValueError("is no Kafka topic's place")
    servers = tuple(read_server(one) for one in found["servers"].split(","))
    return KafkaPlace(servers, found["topic"], found["scheme"] == "kafka+tls")


def place_trouble(place: KafkaPlace, *, loopback: bool) -> str | None:
    """Why this installation does not send to a place, as far as it can be said without resolving names."""
    for server in place.servers:
        literal = _literal(server.host)
        if literal is not None and (trouble := address_trouble(literal, loopback=loopback)) is not None:
            return f"leads to {trouble}"
    if not place.tls and not (loopback and all(_is_here(one.host) for one in place.servers)):
        return "must use TLS"
    return None


def servers_of(named: Sequence[str]) -> tuple[KafkaServer, ...]:
    """Servers from their texts. Raises `ValueError`."""
    return tuple(read_server(one) for one in named)


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_here(host: str) -> bool:
    literal = _literal(host)
    return host == "localhost" or (literal is not None and literal.is_loopback)
