"""An uplink that is slow from the first byte on: what the page sends to its node, on every way, comes late.

No right of the machine is needed: the page is told the addresses of two relays in place of the node's. The
way back is not delayed.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from shared.cameras import Camera
from tests.support.exam_stand import Stand, StandSeat

_CANDIDATE = re.compile(r"^a=(candidate:.*|end-of-candidates)\r\n", re.M)
_ADDRESS = re.compile(r"^(a=candidate:\S+ 1 udp \d+ )(\S+) (\d+) typ host", re.M)


@dataclass(eq=False)
class _Way(asyncio.DatagramProtocol):
    """One side of the media's relay."""

    other: _Way | None = None
    delay_s: float = 0.0
    to: tuple[str, int] | None = None
    """Where the other side's datagrams go: the last that sent here, or the node."""
    transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        if self.delay_s:  # the page's side
            self.to = address
        asyncio.get_running_loop().call_later(self.delay_s, self._pass_on, data)

    def _pass_on(self, data: bytes) -> None:
        other = self.other
        if other is not None and other.to is not None and not other.transport.is_closing():
            other.transport.sendto(data, other.to)


@dataclass(eq=False)
class SlowSeat:
    """A node's seat behind the slow way."""

    seat: StandSeat
    uplink: SlowUplink

    async def answer(self, offer_sdp: str) -> str:
        # The node knows no address of the page but the relay's, from which it hears.
        answer = await self.seat.answer(_CANDIDATE.sub("", offer_sdp))
        found = _ADDRESS.search(answer)
        assert found is not None, answer
        host, port = await self.uplink.relay(found[2], int(found[3]))
        line = f"{found[1]}{host} {port} typ host\r\n"
        bare = _CANDIDATE.sub("", answer)
        # In the first of the bundled sections, before its end: the others use its transport.
        sections = bare.split("m=")
        sections[1] += line
        return "m=".join(sections)

    def check(self) -> None:
        self.seat.check()

    async def add_candidate(self, candidate: str, mid: str | None, index: int | None) -> None:
        """The page's own addresses are not told to the node."""

    async def show_camera(self, camera: Camera) -> None:
        await self.seat.show_camera(camera)

    def notices(self) -> Any:
        return self.seat.notices()

    async def left(self) -> None:
        await self.seat.left()


@dataclass(eq=False)
class SlowUplink:
    """The relays of one stand."""

    delay_s: float
    _open: list[Any] = field(default_factory=list)
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def relay(self, host: str, port: int) -> tuple[str, int]:
        """Where the page sends its media, to arrive late at this address of the node."""
        loop = asyncio.get_running_loop()
        front, back = _Way(delay_s=self.delay_s), _Way(to=(host, port))
        front.other, back.other = back, front
        for way in (front, back):
            transport, _ = await loop.create_datagram_endpoint(lambda way=way: way, (host, 0))  # type: ignore[misc]
            self._open.append(transport)
        name: tuple[str, int] = front.transport.get_extra_info("sockname")
        return name

    async def serve(self, host: str, port: int) -> int:
        """Relay a server's sockets; the port."""

        async def passed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(2 * self.delay_s)  # the way of the handshakes of TCP
            onward_reader, onward = await asyncio.open_connection(host, port)
            self._writers += [writer, onward]
            await asyncio.gather(
                self._pump(reader, onward, self.delay_s), self._pump(onward_reader, writer, 0.0)
            )

        server = await asyncio.start_server(passed, "127.0.0.1", 0)
        self._open.append(server)
        relayed: int = server.sockets[0].getsockname()[1]
        return relayed

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay_s: float) -> None:
        loop = asyncio.get_running_loop()
        while data := await reader.read(65_536):
            loop.call_later(delay_s, _write, writer, data)
        loop.call_later(delay_s, writer.close)

    async def close(self) -> None:
        for each in self._open:
            each.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*(each.wait_closed() for each in self._writers), return_exceptions=True)


def _write(writer: asyncio.StreamWriter, data: bytes) -> None:
    if not writer.is_closing():
        writer.write(data)


@asynccontextmanager
async def slow_uplink(stand: Stand, delay_s: float) -> AsyncIterator[None]:
    """Let everything that the page sends to the stand's node come so late."""
    uplink = SlowUplink(delay_s)
    host, _, port = stand.url.removeprefix("http://").partition(":")
    stand.signaling_host = f"127.0.0.1:{await uplink.serve(host, int(port))}"
    stand.wrap = lambda seat: SlowSeat(seat, uplink)
    try:
        yield
    finally:
        await uplink.close()
