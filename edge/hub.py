"""The one connection to the NATS hub, and the only module of the daemon that knows the client library.

The hub comes and goes; this side tries for ever, with growing, jittered pauses, each time with a new client.
Nothing is ever buffered for an absent hub: whoever sends while it is away gets `Unavailable` at once, because
what must not be lost waits in the outbox. An incoming message is handled in a task of its own; at most
`MAX_HANDLING` run at a time, what comes on top is dropped and counted, and its sender times out.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from shared import subjects
from shared.errors import Unavailable
from shared.hub_connection import CONNECT_TIMEOUT_S, FIRST_PAUSE_S, LONGEST_PAUSE_S, client_options

log = logging.getLogger(__name__)

MAX_HANDLING: Final = 32
MAX_PENDING_MESSAGES: Final = 64
MAX_PENDING_BYTES: Final = 64 * 2**20

Handler = Callable[[str, bytes], Awaitable[bytes | None]]
"""Takes subject and message; what it returns is sent back where the sender asked for a reply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubAddress:
    """Where the hub is and who calls."""

    url: str
    user: str
    password: str
    node_id: UUID


class Hub:
    """Connects while `run` runs; sends only while connected."""

    def __init__(self, address: HubAddress) -> None:
        self._address = address
        self._handlers: dict[str, Handler] = {}
        self._client: Client | None = None
        self._present = asyncio.Event()
        self._lost_at = float("-inf")
        self._handling: set[asyncio.Task[None]] = set()
        self.connected_since: float | None = None
        """Event-loop time of the present connection's making, None while there is none."""
        self.away_s = float("inf")
        """How long the hub had been away before that; infinite for the first connection."""
        self.counts: Counter[str] = Counter()
        """Connections made and lost, messages dropped, by reason."""

    @property
    def connected(self) -> bool:
        return self._client is not None and self._client.is_connected

    async def wait_connected(self) -> None:
        await self._present.wait()

    def listen(self, subject: str, handler: Handler) -> None:
        """Hear a subject from the next connection on. Call it before `run`."""
        self._handlers[subject] = handler

    async def store(self, subject: str, message: bytes, *, message_id: str, timeout_s: float) -> None:
        """Give a message to the alert stream and wait for its acknowledgement.

        Raises `Unavailable` when the hub is away, silent, without the stream, or refuses.
        """
        headers = {"Nats-Msg-Id": message_id, "Nats-Expected-Stream": subjects.ALERT_STREAM}
        reply = await self._exchange(subject, message, timeout_s, headers)
        try:
            acknowledged = "error" not in json.loads(reply)
        except (ValueError, TypeError):
            acknowledged = False
        if not acknowledged:
            raise Unavailable("the hub's alert stream did not take the message")

    async def request(self, subject: str, message: bytes, *, timeout_s: float) -> bytes:
        """One reply to one message. Raises `Unavailable` when none comes."""
        return await self._exchange(subject, message, timeout_s, None)

    async def run(self) -> None:
        """Stay connected until cancelled."""
        try:
            await self._keep_connecting()
        finally:
            await self._stop_handling()

    async def _keep_connecting(self) -> None:
        pause_s = FIRST_PAUSE_S
        failed = False
        while True:
            client = Client()
            gone = asyncio.Event()
            try:
                await self._connect(client, gone)
            except Unavailable as error:
                self.counts["unreachable"] += 1
                if not failed:
                    log.warning("the hub cannot be reached; trying on", extra={"error": str(error)})
                failed = True
            else:
                pause_s, failed = FIRST_PAUSE_S, False
                log.info("connected to the hub", extra={"url": self._address.url})
                await self._stay(client, gone)
                log.warning("the hub's connection is lost; trying again")
            finally:
                await _closed(client)
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _connect(self, client: Client, gone: asyncio.Event) -> None:
        async def lost() -> None:
            gone.set()

        try:
            async with asyncio.timeout(2 * CONNECT_TIMEOUT_S):
                await client.connect(
                    self._address.url,
                    user=self._address.user,
                    password=self._address.password,
                    error_cb=self._complained,
                    disconnected_cb=lost,
                    **client_options(f"edge {self._address.node_id}", self._address.node_id),
                )
                for subject, handler in self._handlers.items():
                    await client.subscribe(
                        subject,
                        cb=self._receiver(handler),
                        pending_msgs_limit=MAX_PENDING_MESSAGES,
                        pending_bytes_limit=MAX_PENDING_BYTES,
                    )
                await client.flush(CONNECT_TIMEOUT_S)
        except (nats.errors.Error, OSError, TimeoutError) as error:
            raise Unavailable(str(error) or type(error).__name__) from error

    async def _stay(self, client: Client, gone: asyncio.Event) -> None:
        clock = asyncio.get_running_loop().time
        self._client = client
        self.connected_since = clock()
        self.away_s = self.connected_since - self._lost_at
        self._present.set()
        self.counts["connected"] += 1
        try:
            while client.is_connected:
                # The client's word is doubted every second: its callback is lost when its closing fails.
                with suppress(TimeoutError):
                    await asyncio.wait_for(gone.wait(), 1.0)
        finally:
            self._present.clear()
            self._client = self.connected_since = None
            self._lost_at = clock()
            self.counts["lost"] += 1

    async def _exchange(
        self, subject: str, message: bytes, timeout_s: float, headers: dict[str, str] | None
    ) -> bytes:
        if self._client is None or not self._client.is_connected:
            raise Unavailable("the hub is away")
        try:
            reply = await self._client.request(subject, message, timeout=timeout_s, headers=headers)
        except (nats.errors.Error, OSError, TimeoutError) as error:
            raise Unavailable(f"the hub gave no answer: {type(error).__name__}") from error
        return reply.data

    def _receiver(self, handler: Handler) -> Callable[[Msg], Awaitable[None]]:
        async def receive(message: Msg) -> None:
            if len(self._handling) >= MAX_HANDLING:
                self.counts["dropped-busy"] += 1
                return
            task = asyncio.create_task(self._handle(handler, message))
            self._handling.add(task)
            task.add_done_callback(self._handling.discard)

        return receive

    async def _handle(self, handler: Handler, message: Msg) -> None:
        try:
            answer = await handler(message.subject, message.data)
            if answer is not None and message.reply:
                await message.respond(answer)
        except nats.errors.Error:
            self.counts["reply-lost"] += 1
        except Exception:
            self.counts["handler-failed"] += 1
            log.exception("a message of the hub could not be handled")

    async def _stop_handling(self) -> None:
        tasks = list(self._handling)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _complained(self, error: Exception) -> None:
        self.counts["complaint"] += 1
        log.warning("the hub's client reports trouble", extra={"error": str(error)})


async def _closed(client: Client) -> None:
    try:
        async with asyncio.timeout(2):
            await client.close()
    except (nats.errors.Error, OSError, TimeoutError):
        log.debug("the hub's connection did not close in order")
