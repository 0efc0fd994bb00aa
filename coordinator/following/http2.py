"""One HTTP/2 connection of a program, with its gRPC calls.

`h2` has the protocol. What a connection may cost is bounded: calls at once, bytes of a request, of headers
and of answers that nobody reads. A call waits until its answer may be sent (flow control) and holds up no
other.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    PingAckReceived,
    RequestReceived,
    StreamEnded,
    StreamReset,
)
from h2.exceptions import H2Error
from h2.settings import SettingCodes, Settings

from coordinator.destinations.certificates import fingerprint_of
from coordinator.following.framing import (
    CONTENT_TYPE,
    MOST_BUFFERED,
    CallFailed,
    Status,
    framed,
    head,
    message_of,
    trailers,
)
from shared.web_server.doors import Doors

log = logging.getLogger(__name__)

MOST_CALLS: Final = 8
MOST_HEADER_BYTES: Final = 16_384
MOST_UNREAD_BYTES: Final = 2**20
"""Answers to what the program sends, of which it reads nothing: then the connection ends."""
ASKED_EVERY_S: Final = 30.0
"""How often it is asked whether the program is still there; one that has not answered by then is gone."""


@dataclass(slots=True)
class Call:
    """A call while it lasts."""

    connection: GrpcConnection
    stream_id: int
    path: str
    asked: bytearray = field(default_factory=bytearray)
    task: asyncio.Task[None] | None = None
    begun: bool = False
    """Whether the answer has begun."""

    @property
    def fingerprint(self) -> bytes:
        """Of the certificate of who calls."""
        return self.connection.fingerprint

    async def waited(self) -> bool:
        """Wait until the program takes something; whether that took any time."""
        return await self.connection.waited(self)

    async def send(self, message: bytes) -> bool:
        """Send a message of the answer as soon as the program takes it; whether that took any time."""
        return await self.connection.send(self, framed(message))


Answer = Callable[[Call, bytes], Awaitable[None]]
"""Answers a call with its request. May raise `CallFailed`."""


class GrpcConnection(asyncio.Protocol):
    """Calls are answered by `answer`; `doors` knows how many connections are open."""

    def __init__(self, doors: Doors, answer: Answer, gone: Callable[[GrpcConnection], None]) -> None:
        """`gone` is called when the connection is closed."""
        self._doors, self._answer, self._gone = doors, answer, gone
        self._calls: dict[int, Call] = {}
        self._moved = asyncio.Event()
        self._writable = True
        self._answered = True
        self._tasks: set[asyncio.Task[None]] = set()
        self.fingerprint = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, if there is a place."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        address = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        if not self._doors.enter(transport, *address, time.monotonic()):
            return
        self.fingerprint = fingerprint_of(
            transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
        )
        self._h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        bounds = {
            SettingCodes.MAX_CONCURRENT_STREAMS: MOST_CALLS,
            SettingCodes.MAX_HEADER_LIST_SIZE: MOST_HEADER_BYTES,
        }
        self._h2.local_settings = Settings(client=False, initial_values=bounds)
        self._h2.initiate_connection()
        self._flush()
        self._begin_task(self._ask())

    def connection_lost(self, exc: Exception | None) -> None:
        """End every call."""
        self._doors.leave(self._transport)
        self._gone(self)
        self._calls.clear()
        for task in self._tasks:
            task.cancel()

    def pause_writing(self) -> None:
        """Let answers wait."""
        self._writable = False

    def resume_writing(self) -> None:
        """Let answers go on."""
        self._writable = True
        self._wake()

    def data_received(self, data: bytes) -> None:
        """Do what frames say."""
        if self._transport.is_closing():
            return
        try:
            for event in self._h2.receive_data(data):
                with suppress(H2Error):  # the program has taken this call back meanwhile
                    self._treat(event)
        except H2Error:
            self._flush()
            self._transport.close()
            return
        self._flush()
        self._wake()
        if self._transport.get_write_buffer_size() > MOST_UNREAD_BYTES:
            self._transport.abort()

    async def close(self) -> None:
        """Close at once, and wait for the calls to end."""
        self._transport.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def send(self, call: Call, data: bytes) -> bool:
        """Send a part of an answer; whether it had to wait."""
        waited = False
        if not call.begun:
            call.begun = True
            self._h2.send_headers(call.stream_id, head())
        while data:
            waited |= await self.waited(call)
            room = self._room(call)
            self._h2.send_data(call.stream_id, data[:room])
            data = data[room:]
            self._flush()
        return waited

    async def waited(self, call: Call) -> bool:
        """Wait until a part of an answer may be sent; whether that took any time."""
        if self._room(call):
            return False
        while not self._room(call):
            await self._moved.wait()
        return True

    def _room(self, call: Call) -> int:
        """How much of an answer may be sent now."""
        window = min(self._h2.local_flow_control_window(call.stream_id), self._h2.max_outbound_frame_size)
        return max(window, 0) if self._writable else 0

    def _begin_task(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _treat(self, event: Event) -> None:
        match event:
            case RequestReceived(stream_id=int(stream_id)):
                self._begin(stream_id, dict(event.headers or ()))
            case DataReceived(stream_id=int(stream_id)):
                self._h2.acknowledge_received_data(event.flow_controlled_length or 0, stream_id)
                self._take(stream_id, event.data or b"")
            case StreamEnded(stream_id=int(stream_id)):
                if (call := self._calls.get(stream_id)) is not None and call.task is None:
                    call.task = self._begin_task(self._serve(call))
            case StreamReset(stream_id=int(stream_id)):
                if (call := self._calls.pop(stream_id, None)) is not None and call.task is not None:
                    call.task.cancel()
            case PingAckReceived():
                self._answered = True
            case ConnectionTerminated():
                self._transport.close()
            case _:
                pass  # windows and settings: `send` looks at them

    def _begin(self, stream_id: int, headers: dict[Any, Any]) -> None:
        self._doors.asked(self._transport)
        kind, method = headers.get("content-type", ""), headers.get(":method")
        if method != "POST" or not kind.startswith(CONTENT_TYPE):
            self._h2.send_headers(stream_id, [(":status", "415")], end_stream=True)
            return
        self._calls[stream_id] = Call(self, stream_id, headers.get(":path", ""))

    def _take(self, stream_id: int, data: bytes) -> None:
        if (call := self._calls.get(stream_id)) is None:
            return
        call.asked += data
        if len(call.asked) > MOST_BUFFERED and call.task is None:
            self._end(call, Status.RESOURCE_EXHAUSTED, "the request is too long")

    async def _serve(self, call: Call) -> None:
        try:
            await self._answer(call, message_of(bytes(call.asked)))
        except CallFailed as failed:
            self._end(call, failed.status, failed.message)
        except H2Error:
            self._calls.pop(call.stream_id, None)  # the program has ended the call
        except Exception:
            log.exception("a gRPC call failed")
            self._end(call, Status.INTERNAL, "")
        else:
            self._end(call, Status.OK, "")

    def _end(self, call: Call, status: Status, message: str) -> None:
        if self._calls.pop(call.stream_id, None) is None or self._transport.is_closing():
            return
        beginning = [] if call.begun else head()
        self._h2.send_headers(call.stream_id, [*beginning, *trailers(status, message)], end_stream=True)
        self._flush()

    async def _ask(self) -> None:
        while True:
            await asyncio.sleep(ASKED_EVERY_S)
            if not self._answered:
                self._transport.abort()
                return
            self._answered = False
            self._h2.ping(b"proctor?")
            self._flush()

    def _flush(self) -> None:
        if data := self._h2.data_to_send():
            self._transport.write(data)

    def _wake(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()
