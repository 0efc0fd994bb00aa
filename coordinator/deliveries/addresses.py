"""Resolves names of destinations, and checks every address that they have."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from socket import SOCK_STREAM, getaddrinfo
from typing import Final

from shared.destination_url import Address, address_trouble

_RESOLVERS: Final = 32
_resolving = ThreadPoolExecutor(_RESOLVERS, thread_name_prefix="resolve")
"""Threads of their own: a name server that does not answer must not take those of the database."""


class AddressRefused(Exception):
    """A name leads to an address to which nothing may be sent."""


async def resolved(host: str, port: int) -> Sequence[Address]:
    """The addresses of a name. Raises `OSError`."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.run_in_executor(_resolving, lambda: getaddrinfo(host, port, type=SOCK_STREAM))
        return list(dict.fromkeys(ip_address(place[0]) for *_, place in found))
    except (UnicodeError, ValueError) as error:
        raise OSError("the name cannot be resolved") from error


def check_addresses(addresses: Iterable[Address], *, loopback: bool) -> None:
    """Raises `AddressRefused` if one of these is not to be reached.

    One is enough: a name that leads inside with some of its addresses is not to be trusted with the others.
    """
    for address in addresses:
        if (why := address_trouble(address, loopback=loopback)) is not None:
            raise AddressRefused(why)
