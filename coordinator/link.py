"""The coordinator's side of the wire, as one thing to build and run: hub, fleet, commands, alerts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from coordinator.alerts.service import Stored
from coordinator.commands import Commander
from coordinator.config import CoordinatorConfig, read_password
from coordinator.database import Database
from coordinator.heartbeats import Heartbeats
from coordinator.hub import Hub, HubAddress
from coordinator.ingest import AlertStore, Ingest
from coordinator.nodes import service as nodes
from coordinator.nodes.fleet import Fleet
from coordinator.own_keys import OwnKeys
from coordinator.stream import StreamSettings
from shared import subjects
from shared.sealing import parse_signing_public


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Everything that speaks NATS; `run` it as long as the coordinator serves."""

    hub: Hub
    fleet: Fleet
    commander: Commander
    heartbeats: Heartbeats
    ingest: Ingest

    async def run(self) -> None:
        """Hear nodes and take alerts in, through every absence of the hub, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.hub.run())
            tasks.create_task(self.ingest.run())


def build_link(
    config: CoordinatorConfig,
    database: Database,
    keys: OwnKeys,
    on_stored: Callable[[Sequence[Stored]], None],
) -> Link:
    """The link of a configuration; its nodes are written to the database.

    `on_stored` is called on the event loop with what was newly committed and must not wait. Raises
    `ConfigError` for an unreadable password file and `Unavailable` when the database is away.
    """
    with database.write() as db:
        nodes.seed(db, config.nodes, datetime.now(UTC))
    signers = {node.node_id: parse_signing_public(node.signing_key) for node in config.nodes}
    hub = Hub(
        HubAddress(url=config.nats.url, user=config.nats.user, password=read_password(config.nats)),
        StreamSettings(
            max_bytes=config.nats.stream_max_bytes, max_age_s=config.nats.stream_max_age_hours * 3_600.0
        ),
    )
    fleet = Fleet()
    heartbeats = Heartbeats(database, fleet, signers, keys.signing)
    hub.listen(subjects.ALL_HEARTBEATS, heartbeats.hear)
    return Link(
        hub=hub,
        fleet=fleet,
        commander=Commander(hub, fleet, signers, keys.signing),
        heartbeats=heartbeats,
        ingest=Ingest(hub, AlertStore(database, keys.keyring, signers), keys.signing, on_stored),
    )
