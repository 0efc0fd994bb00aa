"""Admits uvicorn's connections to one server, closes those over the limits, and counts them."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from collections import Counter
from collections.abc import Collection
from typing import Final

from shared.seldom import Seldom
from shared.web_server.doorway import Bounds, Doorway

log = logging.getLogger(__name__)

CLOSED: Final = "connections are closed: too many are open, or made too fast"

Place = tuple[str, int | None]


class Doors:
    """The admission shared by all connections of one server. `now` is monotonic seconds."""

    def __init__(
        self, bounds: Bounds, trusted_proxies: Collection[str] = (), status_port: int | None = None
    ) -> None:
        """`status_port`: connections of monitoring on this port are admitted even at the limit."""
        self._doorway: Doorway[asyncio.Transport] = Doorway(bounds)
        self._proxies = tuple(ipaddress.ip_network(each) for each in trusted_proxies)
        self._status_port = status_port
        self._lines = Seldom()
        self.counts: Counter[str] = self._doorway.counts
        """Connections and sockets closed from this side since the start, by reason."""

    @property
    def open(self) -> int:
        """Connections that are open now."""
        return len(self._doorway)

    def arrives(self, address: str, now: float) -> bool:
        """Whether a connection from this address is admitted. Ask it before anything is created for the
        connection."""
        if self._is_proxy(address) or self._doorway.arrives(address, now):
            return True
        self.tell(CLOSED, now)
        return False

    def enter(
        self, transport: asyncio.Transport, client: Place | None, server: Place | None, now: float
    ) -> bool:
        """Admit a connection, or close it. Another one may be closed to make room for it."""
        if server is not None and server[1] is not None and server[1] == self._status_port:
            return True
        address = client[0] if client is not None else ""
        going = self._doorway.enter(transport, None if self._is_proxy(address) else address, now)
        for each in going:
            each.abort()
        if going:
            self.tell(CLOSED, now)
        return transport not in going

    def begins(self, transport: asyncio.Transport) -> None:
        """Note that the head of a request arrived on this connection."""
        self._doorway.begins(transport)

    def asked(self, transport: asyncio.Transport) -> None:
        """Note that a whole request arrived on this connection."""
        self._doorway.asked(transport)

    def waits(self, transport: asyncio.Transport, now: float) -> None:
        """Note that the request was answered and the connection waits for the next one."""
        self._doorway.waits(transport, now)

    def leave(self, transport: asyncio.Transport) -> None:
        """Note that the connection is closed."""
        self._doorway.leave(transport)

    def tell(self, message: str, now: float) -> None:
        """Write at most one log line a minute for all such cases."""
        if count := self._lines.count(message, now):
            log.warning(message, extra={"count": count})

    def _is_proxy(self, address: str) -> bool:
        if not self._proxies:
            return False
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._proxies)
