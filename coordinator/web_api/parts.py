"""The parts of a running coordinator, passed to every route. Built only in `app`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final, TypeVar
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from fastapi import Depends, Path
from sqlmodel import Session
from starlette.requests import HTTPConnection

from coordinator.config import CoordinatorConfig
from coordinator.ground.acting import Acting, current
from coordinator.ground.database import Database
from coordinator.ground.leading import Lead
from coordinator.ground.own_keys import OwnKeys
from coordinator.ground.queues import Queues
from coordinator.live.rooms import Rooms
from coordinator.live.tickets import Tickets
from coordinator.nodes.alert_stream import AlertStream, StateStream
from coordinator.nodes.checkpoint_stream import CheckpointStream
from coordinator.nodes.commands import Commander
from coordinator.nodes.fleet import Fleet
from coordinator.nodes.hub_account import HubAccount
from coordinator.oidc.issuer import Issuer
from coordinator.tokens.verifier import Verifier
from coordinator.web_api.limits import Rates
from coordinator.web_api.metrics import Metrics
from shared.fields import Reference
from shared.hub_link import HubLink
from shared.ice import IceServer
from shared.tokens import Claims

if TYPE_CHECKING:
    from shared.traces.exporting import Traces

T = TypeVar("T")

CheckSession = Callable[[Session, Claims, datetime], None]
"""Checks a session's token at an instant; raises `Rejected` (401) if it is no longer valid."""
WriteDown = Callable[[Session, Acting, datetime], bool]
"""Writes the present request in the audit log, in the transaction of its changes."""
PICTURES_AT_ONCE: Final = 2
"""Pictures decoded at the same time in this process."""
REPORTS_AT_ONCE: Final = 1


@dataclass(slots=True)
class Readings:
    """Readings of one thing, some at the same time, numbered in the order of their beginnings."""

    begun: int = 0
    applied: int = 0
    """The last one that counts."""


@dataclass(slots=True, kw_only=True)
class Parts:
    """One coordinator's parts; one object per application."""

    config: CoordinatorConfig
    ice_servers: tuple[IceServer, ...]
    database: Database
    keys: OwnKeys
    hub: HubLink
    hub_account: HubAccount | None
    """If nodes log in at the hub with identities that this coordinator signs."""
    alert_stream: AlertStream
    state_stream: StateStream
    checkpoint_stream: CheckpointStream
    fleet: Fleet
    signers: dict[UUID, Ed25519PublicKey]
    """Of the nodes whose messages are accepted; `memberships.accepting` keeps it."""
    commander: Commander
    metrics: Metrics
    verifier: Verifier
    issuers: Mapping[str, Issuer]
    """External issuers of tokens, by their `iss`."""
    check_session: CheckSession
    """Whether a session's token is still good: its session runs."""
    write_down: WriteDown
    tickets: Tickets
    lead: Lead
    """Whether this coordinator leads those on its database."""
    keep_keyring: Callable[[], None] | None = None
    """Replaces the keyring's backup by one of now, if there are backups. Blocks."""
    traces: Traces | None = None
    """Where traces of alerts go, if anywhere."""
    members: Readings = field(default_factory=Readings)
    """Of the nodes that are accepted."""
    rooms: Rooms = field(default_factory=Rooms)
    orders: Queues = field(default_factory=Queues)
    """By session: whoever sends its node an order made from the database waits until earlier ones have
    arrived, so that none overtakes a later one."""
    decoding: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(PICTURES_AT_ONCE))
    """Limits concurrent decoding of pictures; the other threads stay free for alerts and requests."""
    reporting: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(REPORTS_AT_ONCE))
    """Limits concurrent writing of reports, for the same reason; each may use 200 MiB."""
    rates: Rates = field(default_factory=Rates)
    utc_now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    """The wall clock of requests."""

    def clock(self) -> float:
        """Monotonic seconds, as used by fleet, rates and tickets."""
        return time.monotonic()

    def miss(self, node_id: UUID) -> None:
        """Note that a node has left a command unanswered, unless the hub is away: then none can answer."""
        if self.hub.connected:
            self.fleet.miss(node_id)

    async def reading(self, work: Callable[[Session], T]) -> T:
        """Run `work` in a thread, in a transaction that changes nothing."""

        def run() -> T:
            with self.database.read() as db:
                return work(db)

        return await asyncio.to_thread(run)

    async def writing(self, work: Callable[[Session], T]) -> T:
        """Run `work` in a thread, in one transaction: committed, or rolled back if it raises.

        The first of a request also has its entry in the audit log.
        """
        present = current()

        def run() -> T:
            with self.database.write() as db:
                done = work(db)
                entered = present is not None and self._write_down(db, present)
            if present is not None and entered:
                present.written = True
            return done

        return await asyncio.to_thread(run)

    def _write_down(self, db: Session, present: Acting) -> bool:
        if not present.act or present.reads_only or present.written:
            return False
        return self.write_down(db, present, self.utc_now())


async def _parts(connection: HTTPConnection) -> Parts:
    parts: Parts = connection.app.state.parts
    return parts


PartsDep = Annotated[Parts, Depends(_parts)]


async def _now(parts: PartsDep) -> datetime:
    """The instant of this request; all its decisions use this one."""
    return parts.utc_now()


Now = Annotated[datetime, Depends(_now)]
SessionRef = Annotated[Reference, Path(description="The institution's exam_session_id.")]
ExamRef = Annotated[Reference, Path(description="The institution's exam_id.")]
CandidateRef = Annotated[Reference, Path(description="The institution's candidate_id.")]
