"""Decides which connections may be open. Pure; `now` is an argument.

A connection that has not sent a whole request costs its sender nothing, so it may lose its place: at the
limit, a new connection replaces the one that has waited longest. One that has never sent even a head is worth
least: an address has few of those, and where it has them all, its next ones come slowly. The system hands
connections over in the order of their arrival, so those of others wait until these are dealt with.
"""

from __future__ import annotations

import ipaddress
from collections import Counter, OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from shared.rates import Buckets, Rate

ARRIVALS: Final = Rate(burst=2_000, per_s=500)
"""New connections of one address: an exam hall may connect at once, and a client that reconnects in a loop is
stopped before it uses a fifth of a core."""
UNASKED: Final = 512
"""Connections of one address that have never sent a whole head. An honest one has sent it when it is accepted
or, with TLS, some round trips later, whatever time its body takes; but browsers also open some before they
need them."""
UNASKED_ARRIVALS: Final = Rate(burst=50, per_s=250)
"""New connections of an address that has `UNASKED` of them. Refusing one costs a tenth of letting it in."""
_NETWORK_BITS: Final = 64

G = TypeVar("G", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most connections."""

    in_all: int
    per_address: int


class Doorway(Generic[G]):
    """The open connections of one server. Its owner chooses the value that stands for each."""

    def __init__(self, bounds: Bounds, arrivals: Rate = ARRIVALS) -> None:
        self._bounds = bounds
        self._arrivals = Buckets(arrivals)
        self._crowded = Buckets(UNASKED_ARRIVALS)
        self._home: dict[G, str | None] = {}
        self._waiting: OrderedDict[str | None, OrderedDict[G, float]] = OrderedDict()
        self._unasked: dict[str, OrderedDict[G, None]] = {}
        self._of: Counter[str | None] = Counter()
        self.counts: Counter[str] = Counter()
        """Connections closed since the start, by reason."""

    def __len__(self) -> int:
        return len(self._home)

    def arrives(self, address: str, now: float) -> bool:
        """Whether this address may open another connection now. Ask it first, because it costs least."""
        home = network_of(address)
        allowed = self._arrivals.wait_s(home, now) == 0.0 and (
            not self._is_crowded(home) or self._crowded.wait_s(home, now) == 0.0
        )
        self.counts["too-fast"] += not allowed
        return allowed

    def enter(self, guest: G, address: str | None, now: float) -> tuple[G, ...]:
        """Admit a connection, which then waits for a request. Returns the connections to close: none, another
        one that is replaced, or the guest itself when there is no room.

        `address`: None for a proxy, which serves many people.
        """
        home = None if address is None else network_of(address)
        leaving: tuple[G, ...] = ()
        if home is not None and self._is_crowded(home):
            leaving = self._gives_way(next(iter(self._unasked[home])))
        elif home is not None and self._of[home] >= self._bounds.per_address:
            leaving = self._give_way(home)
            if not leaving:
                return self._refused(guest, "address-full")
        elif len(self._home) >= self._bounds.in_all:
            leaving = self._give_way(self._most_waiting())
            if not leaving:
                return self._refused(guest, "full")
        self._home[guest] = home
        self._of[home] += 1
        if home is not None:
            self._unasked.setdefault(home, OrderedDict())[guest] = None
        self.waits(guest, now)
        return leaving

    def waits(self, guest: G, now: float) -> None:
        """Note that the connection waits for its next request from now on."""
        if guest in self._home:
            self._waiting.setdefault(self._home[guest], OrderedDict())[guest] = now

    def begins(self, guest: G) -> None:
        """Note that the head of its request has arrived: it only waits, like one that has asked before. Its
        body may be pictures over a slow line, which must not lose their place to new connections."""
        if guest in self._home:
            self._has_begun(guest, self._home[guest])

    def asked(self, guest: G) -> None:
        """Note that its request has arrived: it keeps its place."""
        if guest in self._home:
            self._no_longer_waits(guest, self._home[guest])
            self._has_begun(guest, self._home[guest])

    def leave(self, guest: G) -> None:
        """Note that the connection is closed. Has no effect for one that was not admitted."""
        if guest not in self._home:
            return
        home = self._home.pop(guest)
        self._no_longer_waits(guest, home)
        self._has_begun(guest, home)
        self._of[home] -= 1
        if not self._of[home]:
            del self._of[home]

    def _refused(self, guest: G, reason: str) -> tuple[G, ...]:
        self.counts[reason] += 1
        return (guest,)

    def _give_way(self, home: str | None) -> tuple[G, ...]:
        waiting = self._waiting.get(home)
        if not waiting:
            return ()
        return self._gives_way(next(iter(waiting)))

    def _gives_way(self, guest: G) -> tuple[G, ...]:
        self.leave(guest)
        self.counts["gave-way"] += 1
        return (guest,)

    def _is_crowded(self, home: str) -> bool:
        return len(self._unasked.get(home, ())) >= UNASKED

    def _has_begun(self, guest: G, home: str | None) -> None:
        unasked = self._unasked.get(home) if home is not None else None
        if home is not None and unasked is not None:
            unasked.pop(guest, None)
            if not unasked:
                del self._unasked[home]

    def _most_waiting(self) -> str | None:
        """The address with the most waiting connections, so that others do not lose theirs because of it."""
        return max(self._waiting, key=lambda home: len(self._waiting[home]), default=None)

    def _no_longer_waits(self, guest: G, home: str | None) -> None:
        waiting = self._waiting.get(home)
        if waiting is not None:
            waiting.pop(guest, None)
            if not waiting:
                del self._waiting[home]


def network_of(address: str) -> str:
    """What counts as one client: an IPv4 address, or a 64-bit network in IPv6."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((int(parsed), _NETWORK_BITS), strict=False))
    return str(parsed)
