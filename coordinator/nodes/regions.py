"""Decides in which region the nodes for a session are looked for first. Pure.

What the caller names counts; else the exam's region; else the address from which the candidate asked, by
the longest of the settings' prefixes that contains it; else the session has no region, and every node is as
near as any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network


@dataclass(frozen=True, slots=True)
class Prefix:
    """Addresses of one region."""

    network: IPv4Network | IPv6Network
    region: str


def read_prefix(text: str, region: str) -> Prefix:
    """One row of the settings. Raises ValueError for what is no prefix, such as 10.1.2.3/16."""
    return Prefix(ip_network(text), region)


def region_of(named: Iterable[str | None], address: str | None, prefixes: Sequence[Prefix]) -> str | None:
    """The region of a session.

    `named`: what somebody named; the first that is not None counts. `address`: the candidate's own; None if
    somebody else asked for the session.
    """
    for region in named:
        if region is not None:
            return region
    try:
        own = ip_address(address or "")
    except ValueError:
        return None  # the caller's address is not known
    own = getattr(own, "ipv4_mapped", None) or own
    fitting = [one for one in prefixes if own.version == one.network.version and own in one.network]
    return max(fitting, key=lambda one: one.network.prefixlen).region if fitting else None
