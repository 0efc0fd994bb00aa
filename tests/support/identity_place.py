"""A coordinator at a real hub that knows no users: all show what the coordinator signs, also for TLS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, cast

import httpx
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.x509 import random_serial_number

from coordinator.app import create_app
from coordinator.config import CoordinatorConfig, NatsSection, WebSection
from coordinator.ground.fleet_keys import FleetKeys
from coordinator.ground.own_keys import make_own_keys
from coordinator.nodes.hub_certificates import Issuer, hub_files
from coordinator.nodes.hub_identities import hub_settings
from edge.hub import node_link
from edge.membership import files
from edge.membership.joining import join
from edge.node_identity import Identity, load as load_identity
from shared.hub_caller import HubAddress
from shared.hub_link import HubLink
from shared.hub_login import ByIdentity, HubIdentity
from shared.secret_file import replace_private
from shared.web_server.connections import StatusSection
from tests.support.exam_site import PUBLIC_URL, Site
from tests.support.joining import new_token
from tests.support.nats import identity_hub
from tests.support.ports import reserved_port
from tests.support.served_site import served


@dataclass(frozen=True)
class Place:
    """A coordinator at such a hub."""

    site: Site
    url: str
    hub_url: str
    reload: Callable[[], None]
    """Lets the hub read its files again."""

    async def joined(self, data: Path) -> Identity:
        await asyncio.to_thread(join, self.url, await new_token(self.site), data)
        return load_identity(data)

    def link(self, data: Path) -> HubLink:
        """What a node's daemon connects with."""
        return self.link_as(load_identity(data), partial(files.hub_identity, data))

    def link_as(self, node: Identity, read: Callable[[], HubIdentity]) -> HubLink:
        """The same, with other things to show."""
        return node_link(HubAddress(url=self.hub_url, login=ByIdentity(read)), node.node_id)


def write_hub_files(folder: Path, keys: FleetKeys, hosts: Sequence[str] = ("127.0.0.1", "localhost")) -> None:
    """As `proctor-coordinator hub-certificate` does."""
    own, issuer = generate_private_key(SECP256R1()), Issuer(keys.ca, keys.authorities)
    made = hub_files(issuer, own, hosts, random_serial_number(), datetime.now(UTC))
    folder.mkdir(exist_ok=True)
    for name, text in made.items():
        replace_private(folder / name, text)


@asynccontextmanager
async def place(
    database: Path, folder: Path, port: int | None = None, web_port: int = 0
) -> AsyncIterator[Place]:
    """Runs until the block ends. `port`: of the hub, `web_port`: of the coordinator."""
    keys = make_own_keys(folder / "coordinator", None).fleet
    write_hub_files(folder / "tls", keys)
    said = hub_settings(
        keys.operator, keys.system, keys.account, folder / "accounts", datetime.now(UTC), folder / "tls"
    )
    with identity_hub(folder, port or reserved_port(), said) as hub:
        config = CoordinatorConfig(
            status=StatusSection(port=reserved_port()),
            data_folder=folder / "coordinator",
            database_url=f"sqlite:///{database}",
            nats=NatsSection(url=hub.url, login="identity", stream_max_bytes=16 * 2**20),
            web=WebSection(public_url=PUBLIC_URL),
        )
        app = create_app(config)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as http,
        ):
            site = Site(app, http, cast(Any, None), lambda: None)
            async with served(site, web_port) as sockets:
                url = sockets.replace("ws://", "http://").removesuffix("/ws")
                yield Place(site, url, hub.url, hub.reload)


AtPlace = Callable[[Callable[[Place], Awaitable[None]]], None]


def runner(migrated: Path, folder: Path) -> AtPlace:
    """Runs an async test at such a place, with a copy of this database."""
    database = folder / "coordinator.db"
    database.write_bytes(migrated.read_bytes())

    async def run(test: Callable[[Place], Awaitable[None]]) -> None:
        async with asyncio.timeout(240), place(database, folder) as there:
            await test(there)

    return lambda test: asyncio.run(run(test))
