"""A program's connection to the NATS hub. Only this module uses the hub's client library.

`HubLink.run` keeps a connection: it retries for ever, with growing, jittered pauses, each time with a new
client. Nothing is buffered while the hub cannot be reached: calls then raise `Unavailable` at once. Each
incoming message is handled in a task of its own; messages above the caller's limits are dropped and counted.

    hub = HubLink(address, caller)
    hub.listen("node.1.command.*", handler)
    await hub.run()
"""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from shared import subjects
from shared.errors import ConfigError, Unavailable
from shared.handling import Handling
from shared.hub_address import servers_of
from shared.hub_caller import Caller, HubAddress
from shared.hub_checks import certificate_ends_s, hub_tls, no_answer, require_recent, tls_named, turned_away
from shared.seldom import Seldom

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S: Final = 5
PING_INTERVAL_S: Final = 10
"""A hub that leaves two pings in a row unanswered is away."""
FIRST_PAUSE_S: Final = 0.25
"""Pause before the next try; doubled with each failure."""
LONGEST_PAUSE_S: Final = 10.0
LOOK_EVERY_S: Final = 1.0

Handler = Callable[[str, bytes], Awaitable[bytes | None]]
"""Takes subject and message; returns the reply, sent if the sender requested one."""
Prepare = Callable[[Client], Awaitable[None]]
"""Prepares a new connection. Raises `Unavailable` or `ConfigError` when it is not usable."""


@dataclass(slots=True)
class _Connection:
    client: Client
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the connection is no longer usable."""


@dataclass(frozen=True, slots=True)
class _Subscription:
    handler: Handler
    shared: bool
    in_order: bool


class HubLink:
    """A connection to the hub while `run` runs and the hub is reachable."""

    def __init__(self, address: HubAddress, caller: Caller) -> None:
        """Raises `ConfigError` if the CA's file cannot be used."""
        hub_tls(address.url, address.ca_file)
        self._address = address
        self._caller = caller
        self._handlers: dict[str, _Subscription] = {}
        self._preparations: list[Prepare] = []
        self._connection: _Connection | None = None
        self._present = asyncio.Event()
        self._lost_at = float("-inf")
        self._handling = Handling(at_once=caller.handled_at_once, of_one=caller.handled_of_one)
        self._complaints = Seldom()
        self.connected_since: float | None = None
        """Event-loop time when the current connection was made; None without one."""
        self.away_s = float("inf")
        """How long the hub was away before that; infinite for the first connection."""
        self.trouble = "not connected yet"
        """Why there is no connection, for people; empty when connected."""
        self.certificate_ends_s: float | None = None
        """When the hub's certificate ends, as seen with the last connection, in seconds of the epoch; None
        without TLS."""
        self.turned_away = asyncio.Event()
        """Set while the hub does not let this program in, for what it shows."""
        self.counts: Counter[str] = Counter()
        """Connections made and lost, messages dropped, by reason."""

    @property
    def connected(self) -> bool:
        return self._connection is not None and self._connection.client.is_connected

    async def wait_connected(self) -> None:
        await self._present.wait()

    def listen(self, subject: str, handler: Handler, *, shared: bool = True, in_order: bool = False) -> None:
        """Subscribe to a subject from the next connection on. Call it before `run`.

        `shared`: of several programs of one kind only one gets each message; else each gets all. `in_order`:
        one message after the other, and those that wait are bounded by the client alone.
        """
        self._handlers[subject] = _Subscription(handler, shared, in_order)

    def prepare(self, preparation: Prepare) -> None:
        """Set what prepares each new connection before its use. Call it before `run`."""
        self._preparations.append(preparation)

    def renew(self) -> None:
        """Drop the current connection, which is not usable, and make a new one."""
        if self._connection is not None:
            self._connection.gone.set()

    async def publish(self, subject: str, message: bytes) -> None:
        """Send a message without a reply. Raises `Unavailable` when the hub cannot be reached."""
        with translated("the hub cannot be reached"):
            await self._client().publish(subject, message)

    async def request(
        self, subject: str, message: bytes, *, timeout_s: float, headers: Mapping[str, str] | None = None
    ) -> bytes:
        """Send a message and wait for one reply. Raises `Unavailable` without a reply."""
        with translated("no reply came"):
            reply = await self._client().request(
                subject, message, timeout=timeout_s, headers=None if headers is None else dict(headers)
            )
        return reply.data

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
        """Make one connection and wait for its end; False when none was made."""
        connection = _Connection(Client())
        try:
            await self._open(connection)
            await self._stay(connection)
        except (Unavailable, ConfigError) as error:
            if self.trouble != str(error):  # log it once, not with every try
                log.warning("the hub cannot be used; trying again", extra={"error": str(error)})
            self.trouble = str(error)
            if turned_away(error):
                self.turned_away.set()
            self.counts["unreachable"] += 1
            return False
        finally:
            await _closed(connection.client)
        return True

    async def _open(self, connection: _Connection) -> None:
        async def lost() -> None:
            connection.gone.set()

        client, address, caller = connection.client, self._address, self._caller
        entry = address.login.entry()
        tls = hub_tls(address.url, address.ca_file, entry.tls)
        with translated(no_answer(address.url)):
            async with asyncio.timeout(2 * CONNECT_TIMEOUT_S):
                with tls_named():
                    await client.connect(
                        servers_of(address.url),
                        **entry.options,
                        name=caller.name,
                        inbox_prefix=subjects.inbox_prefix(caller.inbox_of),
                        tls=tls,
                        # Otherwise the client sends its password in clear to whoever claims to have no TLS.
                        tls_handshake_first=tls is not None,
                        error_cb=self._complained,
                        disconnected_cb=lost,
                        # The client's own reconnecting may give up, so each connection gets a new client.
                        allow_reconnect=False,
                        max_reconnect_attempts=1,  # by default it tries 60 times before it reports anything
                        reconnect_time_wait=0,
                        connect_timeout=CONNECT_TIMEOUT_S,
                        ping_interval=PING_INTERVAL_S,
                    )
            self.certificate_ends_s = certificate_ends_s(_tls_of(client))
            version = client.connected_server_version
            require_recent(f"{version.major}.{version.minor}.{version.patch}")
            async with asyncio.timeout(2 * CONNECT_TIMEOUT_S):
                for preparation in self._preparations:
                    await preparation(client)
                await self._subscribe(client)
                await settle(client)

    async def _subscribe(self, client: Client) -> None:
        for subject, one in self._handlers.items():
            await client.subscribe(
                subject,
                queue=self._caller.queue if one.shared else "",
                cb=self._receiver(one),
                pending_msgs_limit=self._caller.pending_messages,
                pending_bytes_limit=self._caller.pending_bytes,
            )

    async def _stay(self, connection: _Connection) -> None:
        clock = asyncio.get_running_loop().time
        self._connection, self.trouble = connection, ""
        self.turned_away.clear()
        self.connected_since = clock()
        self.away_s = self.connected_since - self._lost_at
        self._present.set()
        self.counts["connected"] += 1
        log.info("connected to the hub", extra={"url": self._address.url})
        try:
            while connection.client.is_connected and not connection.gone.is_set():
                # Also check every second: the client's callback is lost when its closing fails.
                with suppress(TimeoutError):
                    await asyncio.wait_for(connection.gone.wait(), LOOK_EVERY_S)
        finally:
            self._present.clear()
            self._connection = self.connected_since = None
            self.trouble = "the connection is lost"
            self._lost_at = clock()
            self.counts["lost"] += 1
        log.warning("the hub's connection is lost; trying again")

    def _client(self) -> Client:
        if self._connection is None or not self._connection.client.is_connected:
            raise Unavailable("the hub cannot be reached", code="hub-away")
        return self._connection.client

    def _receiver(self, one: _Subscription) -> Callable[[Msg], Awaitable[None]]:
        async def receive(message: Msg) -> None:
            if one.in_order:
                await self._handle(one.handler, message)
            elif why := self._handling.start(message.subject, lambda: self._handle(one.handler, message)):
                self.counts[f"dropped-{why}"] += 1

        return receive

    async def _handle(self, handler: Handler, message: Msg) -> None:
        try:
            answer = await handler(message.subject, message.data)
        except Exception:
            self.counts["handler-failed"] += 1
            log.exception("a message of the hub could not be handled")
            return
        if answer is not None and message.reply:
            try:
                await message.respond(answer)
            except (nats.errors.Error, OSError):
                self.counts["reply-lost"] += 1

    async def _complained(self, error: Exception) -> None:
        self.counts["complaint"] += 1
        count = self._complaints.count(type(error), asyncio.get_running_loop().time())
        if count:
            log.warning("the hub's client reports an error", extra={"error": str(error), "count": count})


def _tls_of(client: Client) -> ssl.SSLObject | None:
    # The library tells nobody what the hub has shown.
    writer: asyncio.StreamWriter | None = getattr(client._transport, "_io_writer", None)
    found: ssl.SSLObject | None = writer.get_extra_info("ssl_object") if writer is not None else None
    return found


async def settle(client: Client) -> None:
    """Return when the server has read all that was sent on this connection. Raises errors of the client."""
    # The client writes a ping at once and other commands a little later, so the first ping may overtake a
    # subscription. The second cannot.
    for _ in range(2):
        await client.flush(CONNECT_TIMEOUT_S)


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Translate errors of the hub's client inside the block to `Unavailable`, with `what` and the cause."""
    try:
        yield
    except (nats.errors.Error, OSError, TimeoutError) as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            # The client turns a cancellation into an error when it closes at the same time.
            raise asyncio.CancelledError from error
        raise Unavailable(f"{what}: {str(error) or type(error).__name__}", code="hub-away") from error


async def _closed(client: Client) -> None:
    try:
        async with asyncio.timeout(2):
            await client.close()
    except (nats.errors.Error, OSError, TimeoutError):
        log.debug("the hub's connection did not close properly")
