"""Decides which addresses of a page's ICE candidates the node may try. Pure.

The node sends some datagrams to every address that a page names. So anyone with a session's token could make
it contact any port: of this host, of its network, or of a cloud's metadata service.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final

from shared.ports import LEAST_PORT

IPv4 = ipaddress.IPv4Address
IPv6 = ipaddress.IPv6Address

_PRIVATE: Final = tuple(
    ipaddress.ip_network(each)
    for each in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"),
        # Reserved for tests and documentation; where one is used, it is a local network like any other.
        *("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15", "2001:db8::/32"),
    )
)
_METADATA: Final = frozenset(
    map(
        ipaddress.ip_address,
        ("169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254"),
    )
)
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_UNICAST: Final = ipaddress.ip_network("2000::/3")
"""All IPv6 addresses that are assigned on the internet."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Which addresses may be tried besides those of the internet."""

    private: bool = True
    """Addresses of local networks, as in exam halls."""
    loopback: bool = False
    """Addresses of this host, for a candidate's page on the same machine."""


def objection(host: str, port: int, transport: str, reach: Reach) -> str | None:
    """Why an ICE candidate may not be tried, in one word; None if it may be tried."""
    if transport.lower() != "udp":
        return "transport"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "name"
    if not LEAST_PORT <= port <= 65_535:
        return "port"
    if isinstance(address, IPv6) and address.scope_id is not None:
        return "link-local"
    return _objection(_inner(address), reach)


def _inner(address: IPv4 | IPv6) -> IPv4 | IPv6:
    """The IPv4 address inside an IPv6 address that only wraps one; otherwise the address itself."""
    if isinstance(address, IPv4):
        return address
    if address in _NAT64:
        return IPv4(int(address) & 0xFFFFFFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour or address


def _objection(address: IPv4 | IPv6, reach: Reach) -> str | None:
    if address in _METADATA:
        return "metadata"
    if address.is_loopback:
        return None if reach.loopback else "loopback"
    if address.is_unspecified:
        return "unspecified"
    if address.is_link_local:
        return "link-local"
    if address.is_multicast:
        return "multicast"
    if address == IPv4("255.255.255.255"):
        return "broadcast"
    if any(address.version == network.version and address in network for network in _PRIVATE):
        return None if reach.private else "private"
    given_out = address.version == 4 or address in _UNICAST
    return None if given_out and address.is_global else "reserved"
