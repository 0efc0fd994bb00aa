"""One HTTP/1.1 connection for POST requests, to an address that was checked before.

`h11` has the protocol. The pool of an HTTP library would resolve the name by itself, and costs more than the
rest of a delivery.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import h11

from shared.destination_url import Address

MAX_ANSWER_BYTES: Final = 16_384
"""What is read of an answer; the rest is not wanted."""
MAX_INTERIM: Final = 10
"""Interim answers (1xx) before the real one."""
_READ_BYTES: Final = 16_384


class Broken(Exception):
    """The other side closed the connection or does not speak HTTP. `silent`: it had not answered a byte."""

    def __init__(self, *, silent: bool = False) -> None:
        super().__init__("the answer is broken off or is no HTTP")
        self.silent = silent


@dataclass(frozen=True, slots=True)
class Server:
    """Where a URL leads."""

    host: str
    port: int
    tls: ssl.SSLContext | None


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and header Retry-After of an answer."""

    status: int
    retry_after: str | None


class Connection:
    """An open connection, for one request after another."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.CLIENT)
        self._silent = True

    @property
    def reusable(self) -> bool:
        """Whether another request can be sent."""
        return self._http.our_state is h11.IDLE and not self._reader.at_eof()

    def close(self) -> None:
        """Close at once, whatever is still to come."""
        self._writer.transport.abort()

    async def post(self, target: str, headers: Sequence[tuple[str, str]], data: bytes) -> Answer:
        """Send one request and read the answer's head and a bounded part of its body. Raises `Broken`."""
        self._silent = True
        try:
            request = h11.Request(method="POST", target=target, headers=list(headers))
            whole = [self._http.send(one) or b"" for one in (request, h11.Data(data), h11.EndOfMessage())]
            self._writer.write(b"".join(whole))
            await self._writer.drain()
            return await self._answer()
        except (h11.RemoteProtocolError, OSError) as error:
            raise Broken(silent=self._silent) from error

    async def _answer(self) -> Answer:
        head: h11.Response | None = None
        read, interim = 0, 0
        while read <= MAX_ANSWER_BYTES and interim <= MAX_INTERIM:
            event = await self._event()
            match event:
                case h11.InformationalResponse():
                    interim += 1
                case h11.Response():
                    head = event
                case h11.Data():
                    read += len(event.data)
                case h11.EndOfMessage() if head is not None:
                    if self._http.our_state is h11.DONE:
                        self._http.start_next_cycle()
                    return _answer_of(head)
                case _:
                    raise Broken(silent=self._silent)
        if head is None:
            raise Broken
        return _answer_of(head)

    async def _event(self) -> object:
        while True:
            event = self._http.next_event()
            if event is not h11.NEED_DATA:
                return event
            data = await self._reader.read(_READ_BYTES)
            self._silent = self._silent and not data
            self._http.receive_data(data)


async def connected(server: Server, addresses: Sequence[Address]) -> Connection:
    """A connection to the first of these addresses that answers. Raises `OSError`."""
    failure = OSError("the name has no address")
    for address in addresses:
        name = server.host if server.tls is not None else None
        try:
            reader, writer = await asyncio.open_connection(
                str(address), server.port, ssl=server.tls, server_hostname=name
            )
        except OSError as error:
            failure = error
        else:
            return Connection(reader, writer)
    raise failure


def _answer_of(head: h11.Response) -> Answer:
    later = next((value for name, value in head.headers if name == b"retry-after"), None)
    return Answer(head.status_code, None if later is None else later.decode("latin-1"))
