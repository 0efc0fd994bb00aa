"""Makes and reads the hub's streams: alerts, and the last state of each node and session.

On each connection the stream and its durable pull consumer are created and their settings read back, because
an old server accepts settings that it does not know and ignores them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import ConsumerConfig, StreamConfig
from nats.js.client import JetStreamContext

from coordinator.nodes import stream
from coordinator.nodes.stream import StreamSettings
from shared import subjects
from shared.errors import ConfigError, Unavailable
from shared.hub_caller import Caller
from shared.hub_link import CONNECT_TIMEOUT_S, HubLink, translated
from shared.sealing import MAX_MESSAGE_BYTES

log = logging.getLogger(__name__)

CALLER: Final = Caller(
    name="coordinator",
    inbox_of="coordinator",
    queue="coordinators",
    handled_at_once=64,
    handled_of_one=2,  # only the node itself may publish on the subject of its heartbeats
    pending_messages=4_096,
    pending_bytes=64 * MAX_MESSAGE_BYTES,
)
"""How a coordinator presents itself to the hub, and how much it accepts."""
STATE_WITHIN_S: Final = 3.0
"""How long a session that moves waits for its state."""
CHECK_EVERY_S: Final = 5.0
"""How often an idle stream is checked for existence, because a fetch from a lost stream only times out."""

_Config = Callable[[StreamSettings, int], dict[str, Any]]
"""The settings of a stream with so many copies."""


@dataclass(frozen=True, slots=True)
class StreamMessage:
    """A message of the stream. Settle it with `ack`, `put_off` or `drop`."""

    subject: str
    data: bytes
    delivered: int
    """How often it was delivered so far, including this time."""
    _message: Msg

    async def ack(self) -> None:
        """Settle a stored message: it is never delivered again."""
        await _settled(self._message.ack())

    async def put_off(self, delay_s: float) -> None:
        """Have it delivered again after `delay_s`."""
        await _settled(self._message.nak(delay=delay_s))

    async def drop(self) -> None:
        """Settle a message that can never be stored: it is never delivered again."""
        await _settled(self._message.term())


@dataclass(slots=True)
class _Reading:
    context: JetStreamContext
    pull: JetStreamContext.PullSubscription
    checked_at: float
    """Event loop time at which stream and consumer were last known to exist."""


class AlertStream:
    """Fetches messages over a hub link while it is connected."""

    def __init__(self, hub: HubLink, settings: StreamSettings) -> None:
        """Create it before the link runs."""
        self._hub = hub
        self._settings = settings
        self._reading: _Reading | None = None
        self.pending = 0
        """Messages that waited in the stream after the last fetch."""
        hub.prepare(self._bind)

    async def fetch(self, batch: int, wait_s: float) -> list[StreamMessage]:
        """Up to `batch` messages of the stream; none when nothing arrives within `wait_s`.

        Raises `Unavailable` when the hub cannot be reached or has lost the stream; the link then reconnects.
        """
        reading = self._reading
        if reading is None or not self._hub.connected:
            raise Unavailable("the hub cannot be reached", code="hub-away")
        try:
            with translated("the stream cannot be read"):
                messages = await _fetched(reading, batch, wait_s)
        except Unavailable:
            if reading is self._reading:  # otherwise the link has reconnected already
                self._hub.renew()
            raise
        self.pending = messages[-1].metadata.num_pending if messages else 0
        return [StreamMessage(m.subject, m.data, m.metadata.num_delivered, m) for m in messages]

    async def _bind(self, client: Client) -> None:
        context = client.jetstream(timeout=CONNECT_TIMEOUT_S)
        await _ensure(context, self._settings)
        pull = await context.pull_subscribe_bind(
            durable=subjects.ALERT_CONSUMER, stream=subjects.ALERT_STREAM
        )
        self._reading = _Reading(context, pull, asyncio.get_running_loop().time())


@dataclass(frozen=True, slots=True)
class LastState:
    """A message of the stream, not checked yet."""

    message: bytes
    stored_utc: datetime
    """By the hub's clock."""


class StateStream:
    """Reads states over a hub link while it is connected."""

    def __init__(self, hub: HubLink, settings: StreamSettings) -> None:
        """Create it before the link runs."""
        self._hub = hub
        self._settings = settings
        self._context: JetStreamContext | None = None
        hub.prepare(self._bind)

    async def last(self, node_id: UUID, session_id: UUID) -> LastState | None:
        """The last state of a session that this node has sent; None: there is none. Raises `Unavailable`."""
        subject = subjects.state(node_id, session_id)
        with translated("the states of sessions cannot be read"):
            try:
                found = await self._bound().get_last_msg(subjects.STATE_STREAM, subject)
            except nats.js.errors.NotFoundError:
                return None
        return LastState(found.data or b"", found.time or datetime.now(UTC))

    async def remove(self, session_id: UUID) -> None:
        """Remove all states of a session that is over. Raises `Unavailable`; then they expire."""
        with translated("the states of a session cannot be removed"):
            await self._bound().purge_stream(subjects.STATE_STREAM, subject=subjects.states_of(session_id))

    def _bound(self) -> JetStreamContext:
        if self._context is None or not self._hub.connected:
            raise Unavailable("the hub cannot be reached", code="hub-away")
        return self._context

    async def _bind(self, client: Client) -> None:
        context = client.jetstream(timeout=STATE_WITHIN_S)
        try:
            asked = await ensured(context, stream.states_config, self._settings)
        except nats.js.errors.ServiceUnavailableError as error:
            raise Unavailable("the hub's JetStream is not available now") from error
        except nats.js.errors.APIError as error:
            raise ConfigError(f"the hub refuses the stream of states: {error.description}") from error
        kept = await context.stream_info(subjects.STATE_STREAM)
        stream.require_same(asked, asdict(kept.config), "states")
        self._context = context


async def _ensure(context: JetStreamContext, settings: StreamSettings) -> None:
    """Create or correct stream and consumer, and check the settings that the server kept."""
    try:
        asked = await ensured(context, stream.stream_config, settings)
        await context.add_consumer(subjects.ALERT_STREAM, ConsumerConfig(**stream.consumer_config(settings)))
    except nats.js.errors.ServiceUnavailableError as error:
        raise Unavailable("the hub's JetStream is not available now") from error
    except nats.js.errors.APIError as error:
        raise ConfigError(f"the hub refuses the stream of alerts: {error.description}") from error
    kept = await context.stream_info(subjects.ALERT_STREAM)
    stream.require_same(asked, asdict(kept.config))
    used = await context.consumer_info(subjects.ALERT_STREAM, subjects.ALERT_CONSUMER)
    stream.require_same(stream.consumer_config(settings), vars(used.config))


async def ensured(context: JetStreamContext, config: _Config, settings: StreamSettings) -> dict[str, Any]:
    """Create or correct a stream; returns its settings. Raises errors of the client."""
    asked = config(settings, settings.replicas or stream.CLUSTER_REPLICAS)
    try:
        await _corrected(context, asked)
    except nats.js.errors.ServerError as error:
        # Only the server's answer says whether it is one of a cluster.
        if settings.replicas is not None or error.err_code != stream.NOT_A_CLUSTER:
            raise
        asked = config(settings, 1)
        await _corrected(context, asked)
    return asked


async def _corrected(context: JetStreamContext, asked: dict[str, Any]) -> None:
    name = asked["name"]
    try:
        kept = await context.stream_info(name)
    except nats.js.errors.NotFoundError:
        await context.add_stream(StreamConfig(**asked))
        return
    if names := stream.differing(asked, asdict(kept.config)):
        await context.update_stream(StreamConfig(**asked))
        log.warning(
            "settings of a stream were corrected", extra={"stream": name, "settings": ", ".join(names)}
        )


async def _fetched(reading: _Reading, batch: int, wait_s: float) -> list[Msg]:
    try:
        return await reading.pull.fetch(batch, timeout=wait_s)
    except TimeoutError:  # the client's own, or the built-in one if the server was a little faster
        now = asyncio.get_running_loop().time()
        if now - reading.checked_at >= CHECK_EVERY_S:
            await reading.context.consumer_info(subjects.ALERT_STREAM, subjects.ALERT_CONSUMER)
            reading.checked_at = now
        return []


async def _settled(verb: Awaitable[None]) -> None:
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await verb
    except (nats.errors.Error, OSError, TimeoutError):
        log.debug("a message could not be settled; it is delivered again")
