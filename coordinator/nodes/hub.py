"""The one connection to the NATS hub, and the only module of the coordinator that knows the client library.

`run` keeps a connection: for each a new client (its own reconnecting may give up for good), the stream of
alerts and its durable pull consumer made and read back, because an old server accepts settings it does not
know and ignores them. Nothing is buffered for an absent hub: who uses it then gets `Unavailable` at once.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import ConsumerConfig, StreamConfig
from nats.js.client import JetStreamContext

from coordinator.nodes import stream
from coordinator.nodes.handling import Handling
from coordinator.nodes.stream import HubAddress, StreamSettings
from shared import subjects
from shared.errors import ConfigError, Unavailable
from shared.hub_connection import CONNECT_TIMEOUT_S, FIRST_PAUSE_S, LONGEST_PAUSE_S, client_options
from shared.sealing import MAX_MESSAGE_BYTES

log = logging.getLogger(__name__)

CHECK_EVERY_S: Final = 5.0
"""How often an idle stream is asked whether it is still there: a fetch from a lost one only times out."""
MAX_PENDING_MESSAGES: Final = 4_096

Handler = Callable[[str, bytes], Awaitable[bytes | None]]
"""Takes subject and message; what it returns is sent back where the sender asked for a reply."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message of the stream, to be settled by one of its three verbs."""

    subject: str
    data: bytes
    delivered: int
    """How often it was delivered, this time included."""
    _message: Msg

    async def ack(self) -> None:
        """It is stored: never deliver it again."""
        await _settled(self._message.ack())

    async def put_off(self, delay_s: float) -> None:
        """Deliver it again after a while."""
        await _settled(self._message.nak(delay=delay_s))

    async def drop(self) -> None:
        """It will never be stored: never deliver it again."""
        await _settled(self._message.term())


@dataclass(slots=True)
class _Connection:
    client: Client
    context: JetStreamContext
    pull: JetStreamContext.PullSubscription
    gone: asyncio.Event
    """Set when it is of no use any more."""
    checked_at: float
    """Loop time at which stream and consumer were last seen."""


class Hub:
    """Connected while `run` runs and the hub is there."""

    def __init__(self, address: HubAddress, settings: StreamSettings) -> None:
        self._address = address
        self._stream = settings
        self._handlers: dict[str, Handler] = {}
        self._connection: _Connection | None = None
        self._present = asyncio.Event()
        self._handling = Handling()
        self.trouble = "not connected yet"
        """Why there is no connection, for people; empty while there is one."""
        self.counts: Counter[str] = Counter()
        """Connections made and lost, messages dropped, by reason."""

    @property
    def connected(self) -> bool:
        return self._connection is not None and self._connection.client.is_connected

    async def wait_connected(self) -> None:
        await self._present.wait()

    def listen(self, subject: str, handler: Handler) -> None:
        """Hear a subject from the next connection on; of several coordinators one answers."""
        self._handlers[subject] = handler

    async def fetch(self, batch: int, wait_s: float) -> list[Delivery]:
        """Up to so many messages of the stream, none when nothing came for a while.

        Raises `Unavailable` when the hub is away or has lost the stream; `run` then makes it anew.
        """
        connection = self._require()
        try:
            messages = await _fetched(connection, batch, wait_s)
        except (nats.errors.Error, OSError) as error:
            connection.gone.set()
            _stay_cancelled()
            raise Unavailable(f"the stream cannot be read: {type(error).__name__}") from error
        return [Delivery(m.subject, m.data, m.metadata.num_delivered, m) for m in messages]

    async def publish(self, subject: str, message: bytes) -> None:
        """Send and forget. Raises `Unavailable` when the hub is away."""
        try:
            await self._require().client.publish(subject, message)
        except (nats.errors.Error, OSError) as error:
            raise Unavailable("the hub is away") from error

    async def request(self, subject: str, message: bytes, *, timeout_s: float) -> bytes:
        """One reply to one message. Raises `Unavailable` when none comes."""
        try:
            return (await self._require().client.request(subject, message, timeout=timeout_s)).data
        except (nats.errors.Error, OSError, TimeoutError) as error:
            raise Unavailable(f"no reply came: {type(error).__name__}") from error

    async def run(self) -> None:
        """Stay connected until cancelled."""
        pause_s = FIRST_PAUSE_S
        try:
            while True:
                if await self._connect_once():
                    pause_s = FIRST_PAUSE_S
                await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        finally:
            await self._handling.stop()

    async def _connect_once(self) -> bool:
        """One connection from its making to its end; False when none was made."""
        client, gone = Client(), asyncio.Event()
        try:
            connection = await self._open(client, gone)
        except (Unavailable, ConfigError) as error:
            if self.trouble != str(error):  # said once, not with every try
                log.warning("the hub cannot be used; trying on", extra={"error": str(error)})
            self.trouble = str(error)
            self.counts["unreachable"] += 1
            await _closed(client)
            return False
        try:
            await self._stay(connection)
        finally:
            await _closed(client)
        return True

    async def _open(self, client: Client, gone: asyncio.Event) -> _Connection:
        async def lost() -> None:
            gone.set()

        try:
            async with asyncio.timeout(4 * CONNECT_TIMEOUT_S):
                await client.connect(
                    self._address.url,
                    user=self._address.user,
                    password=self._address.password,
                    error_cb=self._complained,
                    disconnected_cb=lost,
                    **client_options("coordinator", "coordinator"),
                )
                context = client.jetstream(timeout=CONNECT_TIMEOUT_S)
                pull = await _ensure(context, self._stream)
                await self._subscribe(client)
                await client.flush(CONNECT_TIMEOUT_S)
        except (nats.errors.Error, OSError, TimeoutError) as error:
            raise Unavailable(str(error) or type(error).__name__) from error
        return _Connection(client, context, pull, gone, asyncio.get_running_loop().time())

    async def _subscribe(self, client: Client) -> None:
        for subject, handler in self._handlers.items():
            await client.subscribe(
                subject,
                queue="coordinators",
                cb=self._receiver(handler),
                pending_msgs_limit=MAX_PENDING_MESSAGES,
                pending_bytes_limit=64 * MAX_MESSAGE_BYTES,
            )

    async def _stay(self, connection: _Connection) -> None:
        self._connection, self.trouble = connection, ""
        self._present.set()
        self.counts["connected"] += 1
        log.info("connected to the hub", extra={"url": self._address.url})
        try:
            while connection.client.is_connected and not connection.gone.is_set():
                # Asked every second too: the client's callback is lost when its closing fails.
                with suppress(TimeoutError):
                    await asyncio.wait_for(connection.gone.wait(), 1.0)
        finally:
            self._present.clear()
            self._connection, self.trouble = None, "the connection is lost"
            self.counts["lost"] += 1
        log.warning("the hub's connection is lost; trying again")

    def _require(self) -> _Connection:
        if self._connection is None or not self._connection.client.is_connected:
            raise Unavailable("the hub is away", code="hub-away")
        return self._connection

    def _receiver(self, handler: Handler) -> Callable[[Msg], Awaitable[None]]:
        async def receive(message: Msg) -> None:
            if why := self._handling.start(message.subject, lambda: self._handle(handler, message)):
                self.counts[f"dropped-{why}"] += 1

        return receive

    async def _handle(self, handler: Handler, message: Msg) -> None:
        try:
            answer = await handler(message.subject, message.data)
            if answer is not None and message.reply:
                await message.respond(answer)
        except (nats.errors.Error, OSError):
            self.counts["reply-lost"] += 1
        except Exception:
            self.counts["handler-failed"] += 1
            log.exception("a message of the hub could not be handled")

    async def _complained(self, error: Exception) -> None:
        self.counts[f"complaint-{type(error).__name__}"] += 1


async def _ensure(context: JetStreamContext, settings: StreamSettings) -> JetStreamContext.PullSubscription:
    """Make or update stream and consumer, read both back, and bind to them."""
    asked = StreamConfig(**stream.stream(settings))
    try:
        try:
            await context.stream_info(subjects.ALERT_STREAM)
            await context.update_stream(asked)
        except nats.js.errors.NotFoundError:
            await context.add_stream(asked)
        await context.add_consumer(subjects.ALERT_STREAM, ConsumerConfig(**stream.consumer(settings)))
    except nats.js.errors.ServiceUnavailableError as error:
        raise Unavailable("the hub has no JetStream now") from error
    except nats.js.errors.APIError as error:
        raise ConfigError(f"the hub refuses the stream of alerts: {error.description}") from error
    kept = await context.stream_info(subjects.ALERT_STREAM)
    stream.require_same(stream.stream(settings), vars(kept.config))
    used = await context.consumer_info(subjects.ALERT_STREAM, subjects.ALERT_CONSUMER)
    stream.require_same(stream.consumer(settings), vars(used.config))
    return await context.pull_subscribe_bind(durable=subjects.ALERT_CONSUMER, stream=subjects.ALERT_STREAM)


async def _fetched(connection: _Connection, batch: int, wait_s: float) -> list[Msg]:
    try:
        return await connection.pull.fetch(batch, timeout=wait_s)
    except TimeoutError:  # the client's own or, where the server was quicker by a hair, the built-in one
        now = asyncio.get_running_loop().time()
        if now - connection.checked_at >= CHECK_EVERY_S:
            await connection.context.consumer_info(subjects.ALERT_STREAM, subjects.ALERT_CONSUMER)
            connection.checked_at = now
        return []


def _stay_cancelled() -> None:
    """The client turns a cancellation into an error when its connection closes meanwhile; turn it back."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def _closed(client: Client) -> None:
    try:
        async with asyncio.timeout(2):
            await client.close()
    except (nats.errors.Error, OSError, TimeoutError):
        log.debug("the hub's connection did not close in order")


async def _settled(verb: Awaitable[None]) -> None:
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await verb
    except (nats.errors.Error, OSError, TimeoutError):
        log.debug("an answer to the stream was lost; the message comes again")
