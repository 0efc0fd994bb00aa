"""Decides which URLs and addresses of destinations may be reached. Pure.

A destination's URL comes from an institution's administrator, and the coordinator stands inside a network
that others cannot reach: a URL must not lead it to its own machine, its neighbours or a cloud's metadata
service. So the address itself is checked, after the name was resolved, and the connection goes to the checked
address.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

Address = IPv4Address | IPv6Address

_CARRIERS: Final = tuple(
    IPv6Network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16", "::/96")
)
"""Addresses that contain an IPv4 address to which somebody else passes packets on (NAT64, Teredo, 6to4)."""
_NOBODYS: Final = (IPv4Network("192.88.99.0/24"), IPv6Network("fec0::/10"), IPv6Network("3fff::/20"))
"""Retired, and for documentation: not every Python knows them as such."""


def check_url(text: str) -> str:
    """The URL. Raises `ValueError` for one that no destination may have, whatever the settings."""
    parts = _split(text)
    if not parts.hostname:
        raise ValueError("has no host")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not contain credentials")
    if parts.fragment or "#" in text:
        raise ValueError("must not contain a fragment")
    if not text.isascii() or any(mark.isspace() or not mark.isprintable() for mark in text):
        raise ValueError("must consist of printable ASCII characters without spaces")
    return text


def url_trouble(text: str, *, loopback: bool) -> str | None:
    """Why this installation does not send to a URL, as far as it can be said without resolving its name."""
    parts = _split(text)
    host = parts.hostname or ""
    if parts.scheme != "https" and not (loopback and (host == "localhost" or _is_loopback(host))):
        return "must begin with https://"
    literal = _literal(host)
    if literal is not None and (trouble := address_trouble(literal, loopback=loopback)) is not None:
        return f"leads to {trouble}"
    return None


def address_trouble(address: Address, *, loopback: bool) -> str | None:
    """Why nothing may be sent to an address; None if it is public. `loopback`: this machine is allowed."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address_trouble(address.ipv4_mapped, loopback=loopback)
        if address.scope_id is not None:
            return "an address of this network"
    if address.is_loopback:
        return None if loopback else "this machine"
    if isinstance(address, IPv6Address) and any(address in net for net in _CARRIERS):
        return "an address behind a translator"
    if address.is_multicast:
        return "a multicast address"
    if address.is_reserved or not address.is_global or any(address in net for net in _NOBODYS):
        return "a private or reserved address"
    return None


def _split(text: str) -> SplitResult:
    parts = urlsplit(text)
    if parts.scheme not in ("https", "http"):
        raise ValueError("must begin with https://")
    parts.port  # noqa: B018  # raises ValueError if it is not a port
    return parts


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    literal = _literal(host)
    return literal is not None and literal.is_loopback
