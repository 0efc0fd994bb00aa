"""Sessions whose alerts are told to destinations: a coordinator's parts and workers on a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlmodel import Session, col, select

from coordinator.alerts import service as alerts
from coordinator.alerts.service import Written
from coordinator.building import build
from coordinator.config import CoordinatorConfig, DeliveriesSection
from coordinator.deliveries.kafka_settings import access_text
from coordinator.deliveries.schedule import Pace
from coordinator.deliveries.working import Workers
from coordinator.destinations import secrets_service as secrets, service as destinations
from coordinator.destinations.tables import Delivery, DeliveryState, Destination
from coordinator.ground.own_keys import make_own_keys
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from coordinator.web_api.metrics import Metrics
from coordinator.web_api.parts import Parts
from shared.api.destinations import (
    DestinationFilter,
    DestinationRequest,
    KafkaLogin,
    KafkaRequest,
    WebhookRequest,
)
from shared.kafka_place import KafkaPlace
from shared.tokens import Claims, Role
from tests.support.eventually import cancelled
from tests.support.sittings import EdgeNode, Sitting, sit

QUICK: Final = Pace(
    first_wait_s=0.01, longest_wait_s=0.05, failures_in_a_row=3, refusals=3, answer_within_s=60.0
)
"""Waits that a test can wait out; nothing is given up for its age."""
ADMIN: Final = Claims(subject="alice", role=Role.ADMIN, tenant_id=DEFAULT_TENANT_ID)


@dataclass
class Told:
    """What a test works with."""

    parts: Parts
    node: EdgeNode

    def sit(self, reference: str) -> Sitting:
        return sit(self.parts.database, self.parts.keys.keyring, self.node, reference)

    async def topic(self, place: KafkaPlace, login: KafkaLogin | None = None) -> Destination:
        """A new destination at a Kafka cluster."""
        servers = tuple(map(str, place.servers))
        asked = KafkaRequest(servers=servers, topic=place.topic, tls=place.tls, login=login)
        request = DestinationRequest(name="lake", kafka=asked)

        def work(db: Session) -> Destination:
            row = destinations.make(db, ADMIN, request, datetime.now(UTC))
            secrets.keep(db, self.parts.keys.keyring, row, access_text(asked), datetime.now(UTC))
            return row

        return await self.parts.writing(work)

    async def destination(self, url: str, **wanted: Any) -> tuple[Destination, str]:
        """A new webhook and its secret."""
        request = WebhookRequest(name="office", url=url, filter=DestinationFilter(**wanted))

        def work(db: Session) -> tuple[Destination, str]:
            now = datetime.now(UTC)
            row = destinations.make(db, ADMIN, request, now)
            return row, secrets.make(db, self.parts.keys.keyring, row, now)

        return await self.parts.writing(work)

    async def note(self, sitting: Sitting, *onsets_s: float, revision: int = 1, epoch: int = 1) -> list[str]:
        """Store alerts; returns their ids."""
        made = [
            Written(
                session=sitting.session,
                alert=sitting.alert(onset_s),
                revision=revision,
                node_id=self.node.node_id,
                epoch=epoch,
            )
            for onset_s in onsets_s
        ]
        keyring = self.parts.keys.keyring
        await self.parts.writing(lambda db: alerts.store(db, keyring, made, datetime.now(UTC)))
        return [str(one.alert.event_id) for one in made]

    async def rows(self, destination: Destination) -> list[Delivery]:
        """Every delivery of a destination, in order."""
        wanted = (
            select(Delivery)
            .where(col(Delivery.destination_id) == destination.id)
            .order_by(col(Delivery.sequence))
        )
        return await self.parts.reading(lambda db: list(db.exec(wanted)))

    async def states(self, destination: Destination) -> list[tuple[DeliveryState, str | None]]:
        return [(row.state, row.reason) for row in await self.rows(destination)]

    async def nothing_waits(self, destination: Destination) -> bool:
        return all(row.state is not DeliveryState.WAITING for row in await self.rows(destination))

    @asynccontextmanager
    async def working(self, pace: Pace = QUICK) -> AsyncIterator[Workers]:
        """The workers of a coordinator, until the block ends."""
        workers = Workers(self.parts, pace)
        task = asyncio.create_task(workers.run())
        try:
            yield workers
        finally:
            await cancelled(task)


@asynccontextmanager
async def told(database_url: str, folder: Path) -> AsyncIterator[Told]:
    """A coordinator's parts without a hub, which may send to this machine."""
    config = CoordinatorConfig(
        data_folder=folder / "coordinator",
        database_url=database_url,
        deliveries=DeliveriesSection(loopback=True, kafka=True),
    )
    make_own_keys(config.data_folder, None)
    parts = build(config, Metrics())
    try:
        yield Told(parts, EdgeNode())
    finally:
        parts.database.close()


async def noted_by_turns(site: Told, sessions: int = 3, each: int = 4) -> dict[str, list[str]]:
    """The alerts of some sessions, noted by turns; their ids by the session's own id, as they were noted."""
    sittings = [site.sit(f"SESS-{number}") for number in range(sessions)]
    noted: dict[str, list[str]] = {str(one.session.id): [] for one in sittings}
    for number in range(each):
        for one in sittings:
            noted[str(one.session.id)] += await site.note(one, 60.0 * (number + 1))
    return noted


def in_order(events: Iterable[str], wanted: Sequence[str]) -> bool:
    """Whether these come in this order; others may stand between them."""
    return [one for one in events if one in set(wanted)] == list(wanted)


def ids(rows: Iterable[Delivery]) -> list[UUID]:
    return [row.parcel_id for row in rows]
