"""An institution's system that takes webhooks: a real HTTP server that answers well or badly, as told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from coordinator.deliveries import kafka_posting, posting
from tests.support.eventually import cancelled
from tests.support.ports import reserved_port

OK: Final = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
CLOSED: Final = b""
"""No answer: the connection is closed."""


@dataclass(frozen=True, slots=True)
class Got:
    """One request."""

    path: str
    headers: dict[str, str]
    text: str

    @property
    def parcel_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.text)
        return body

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = self.body["data"]
        return data


Answer = Callable[[Got], Awaitable[bytes]]


def status(code: int, *headers: str) -> bytes:
    """A whole answer without a body."""
    return "\r\n".join((f"HTTP/1.1 {code} Said", "content-length: 0", *headers, "", "")).encode()


@dataclass
class Sink:
    """What was asked, and what was taken: answered with 200."""

    port: int
    asked: list[Got] = field(default_factory=list)
    taken: list[Got] = field(default_factory=list)
    answer: Answer | None = None
    """What to answer; None: everything is taken."""
    _server: asyncio.Server | None = None
    _serving: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        if self._serving:
            await cancelled(*self._serving)

    def fails_first(self, tries: int, *answers: bytes) -> None:
        """Give these answers in turn to the first tries."""

        async def answer(got: Got) -> bytes:
            number = len(self.asked) - 1
            return answers[number % len(answers)] if number < tries else OK

        self.answer = answer

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._answer(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (got := await _read(reader)) is not None:
            self.asked.append(got)
            said = OK if self.answer is None else await self.answer(got)
            if said == OK:
                self.taken.append(got)
            writer.write(said)
            await writer.drain()
            if b"content-length" not in said:
                return


async def _read(reader: asyncio.StreamReader) -> Got | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
    body = await reader.readexactly(int(headers["content-length"]))
    return Got(first.split()[1], headers, body.decode())


@asynccontextmanager
async def sink() -> AsyncIterator[Sink]:
    """A sink that listens until the block ends."""
    made = Sink(reserved_port())
    await made.open()
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture
def nothing_resolves(monkeypatch: pytest.MonkeyPatch) -> None:
    """No name of a destination leads anywhere: a test that makes up names asks nobody about them."""

    async def nowhere(host: str, port: int) -> list[Any]:
        raise OSError("no name leads anywhere in this test")

    for module in (posting, kafka_posting):
        monkeypatch.setattr(module, "resolved", nowhere)
