"""Gathers a connection's candidates: the host's own at once, those of STUN and TURN servers behind.

aioice waits up to 5 s for all servers before there is an answer, and then forgets the slow ones. Here the
answer waits `QUICK_S` for them. What comes later is used as well: the page learns such an address from the
checks that come from it.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import random
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from aioice.candidate import Candidate, candidate_foundation, candidate_priority
from aioice.ice import CandidatePair, StunProtocol, relayed_candidate, server_reflexive_candidate
from aioice.turn import UDP_SOCKET_BUFFER_SIZE

QUICK_S: Final = 0.2
"""How long an answer waits for servers. A server that works answers within one round trip."""
_GIVE_UP_S: Final = 10.0
_CHECKABLE: Final = (CandidatePair.State.WAITING, CandidatePair.State.FROZEN)

Found = tuple[Candidate, StunProtocol | None]


@dataclass(frozen=True, slots=True)
class LocalPorts:
    """Where this host listens for media."""

    first: int = 0
    """The first UDP port; 0: the system chooses any."""
    last: int = 0
    """The last one, included."""
    ipv6: bool = True
    """Whether IPv6 addresses are used."""

    def shuffled(self) -> list[int]:
        """The ports to try, in the order to try them."""
        ports = list(range(self.first, self.last + 1))
        return random.sample(ports, len(ports))


class Gathering:
    """The candidates of one connection. `close` it before the connection."""

    def __init__(self, ports: LocalPorts) -> None:
        self._ports = ports
        self._asking: set[asyncio.Task[Any]] = set()

    def guard(self, connections: Iterable[Any]) -> None:
        """Gather the candidates of these aioice connections in this way."""
        for ice in connections:
            ice.get_component_candidates = self._gathers(ice)

    async def close(self) -> None:
        """Ask no more servers."""
        for task in self._asking:
            task.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)

    def _gathers(self, ice: Any) -> Any:
        async def gather(component: int, addresses: list[str]) -> list[Candidate]:
            hosts = [
                await self._host(ice, component, address) for address in addresses if self._uses(address)
            ]
            bound = [host for host in hosts if host is not None]
            ice._protocols += bound
            quick = await self._ask(ice, component, bound)
            ice._protocols += [protocol for _, protocol in quick if protocol is not None]
            return [host.local_candidate for host in bound] + [candidate for candidate, _ in quick]

        return gather

    def _uses(self, address: str) -> bool:
        return self._ports.ipv6 or ipaddress.ip_address(address).version == 4

    async def _host(self, ice: Any, component: int, address: str) -> StunProtocol | None:
        """A socket at one address of this host, with its candidate; None if it cannot be used."""
        loop = asyncio.get_running_loop()
        for port in self._ports.shuffled():
            try:
                _, protocol = await loop.create_datagram_endpoint(
                    lambda: StunProtocol(ice), local_addr=(address, port)
                )
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    continue
                return None
            protocol.transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_RCVBUF, UDP_SOCKET_BUFFER_SIZE
            )
            host, port = protocol.transport.get_extra_info("sockname")[:2]
            protocol.local_candidate = Candidate(
                foundation=candidate_foundation("host", "udp", host),
                component=component,
                transport="udp",
                priority=candidate_priority(component, "host"),
                host=host,
                port=port,
                type="host",
            )
            return protocol
        return None

    async def _ask(self, ice: Any, component: int, hosts: list[StunProtocol]) -> list[Found]:
        """Ask the servers. Returns what came quickly; the rest is added when it comes."""
        asking = [asyncio.ensure_future(each) for each in _questions(ice, component, hosts)]
        if not asking:
            return []
        self._asking.update(asking)
        done, slow = await asyncio.wait(asking, timeout=QUICK_S)
        self._asking -= done
        for task in slow:
            task.add_done_callback(lambda task: self._add(ice, task))
        return [task.result() for task in done if task.exception() is None]

    def _add(self, ice: Any, task: asyncio.Task[Found]) -> None:
        """Use what a server answered late, unless the connection has been made or is gone."""
        self._asking.discard(task)
        if task.cancelled() or task.exception() is not None:
            return
        candidate, protocol = task.result()
        if ice._closing or ice._check_list_done:
            if protocol is not None:
                closing = asyncio.ensure_future(protocol.close())
                self._asking.add(closing)
                closing.add_done_callback(self._asking.discard)
            return
        ice._local_candidates.append(candidate)
        if protocol is not None:
            ice._protocols.append(protocol)
            for remote in ice.remote_candidates:
                ice._pair_remote_candidate(remote)
            ice.sort_check_list()
        if ice._early_checks_done:
            for pair in ice._check_list:
                if pair.state in _CHECKABLE:
                    ice.check_start_task(pair)


def _questions(ice: Any, component: int, hosts: list[StunProtocol]) -> Iterable[Any]:
    if ice.stun_server:
        for host in hosts:
            if ipaddress.ip_address(host.local_candidate.host).version == 4:
                yield asyncio.wait_for(server_reflexive_candidate(host, ice.stun_server), _GIVE_UP_S)
    if ice.turn_server:
        yield asyncio.wait_for(
            relayed_candidate(
                component=component,
                hide_related_address=False,
                protocol_factory=lambda: StunProtocol(ice),
                turn_server=ice.turn_server,
                turn_username=ice.turn_username,
                turn_password=ice.turn_password,
                turn_ssl=ice.turn_ssl,
                turn_transport=ice.turn_transport,
            ),
            _GIVE_UP_S,
        )
