"""Every door of a real hub, tried with every credential: TLS first, then what a node may say and hear."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import nats
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.x509 import random_serial_number
from nats.aio.client import Client

from edge.membership import files
from shared import subjects
from shared.certificates import (
    ca_certificate,
    certificate_text,
    node_certificate,
    private_text,
)
from shared.events.types import Lane
from shared.hub_checks import hub_tls
from shared.hub_link import HubLink, settle
from shared.hub_login import ByIdentity, ClientTls, HubIdentity
from shared.nats_config import node_permissions
from shared.node_lifetimes import CERTIFICATE_LIFETIME, Lifetime, new_lifetime
from tests.support.eventually import cancelled, until
from tests.support.identity_place import AtPlace, Place, runner, write_hub_files

PLENTY_S = 60.0


@pytest.fixture
def at_place(migrated_sqlite: Path, tmp_path: Path) -> AtPlace:
    return runner(migrated_sqlite, tmp_path)


async def trouble(hub: HubLink) -> str:
    """Why a link is not made; empty when it is."""
    running = asyncio.create_task(hub.run())
    try:
        await until(lambda: hub.connected or hub.counts["unreachable"] > 0, "a try ends")
        return hub.trouble
    finally:
        await cancelled(running)


class Shown:
    """What a node shows at the hub, right and wrong. Its JWT is right each time: TLS alone must refuse."""

    def __init__(self, there: Place, data: Path) -> None:
        self.node_id = files.load(data).certificate.subject.rfc4514_string().removeprefix("CN=")
        self.identity = files.hub_identity(data)
        self.fleet = there.site.parts.keys.fleet

    def with_certificate(self, lifetime: Lifetime | None = None, *, foreign: bool = False) -> HubIdentity:
        now_utc = datetime.now(UTC)
        own = generate_private_key(SECP256R1())
        made = node_certificate(
            generate_private_key(SECP256R1()) if foreign else self.fleet.ca,
            own.public_key(),
            uuid4(),
            serial=random_serial_number(),
            lifetime=lifetime or new_lifetime(now_utc),
        )
        return self._tls(ClientTls(private_text(own) + certificate_text(made), self.fleet.authorities))

    def _tls(self, tls: ClientTls) -> HubIdentity:
        return replace(self.identity, tls=tls)


def lifetime(begins: timedelta, ends: timedelta) -> Lifetime:
    now_utc = datetime.now(UTC)
    return Lifetime(begins_utc=now_utc + begins, ends_utc=now_utc + ends)


HOUR = timedelta(hours=1)
REFUSED: dict[str, Callable[[Shown], HubIdentity]] = {
    "of another CA": lambda shown: shown.with_certificate(foreign=True),
    "expired": lambda shown: shown.with_certificate(lifetime(-CERTIFICATE_LIFETIME - HOUR, -HOUR)),
    "not good yet": lambda shown: shown.with_certificate(lifetime(HOUR, 2 * HOUR)),
}


def test_only_who_shows_a_certificate_of_the_fleets_ca_speaks_to_the_hub(
    at_place: AtPlace, tmp_path: Path
) -> None:
    async def test(there: Place) -> None:
        data = tmp_path / "edge"
        node = await there.joined(data)
        shown = Shown(there, data)
        assert await trouble(there.link(data)) == ""
        for case, made in REFUSED.items():
            said = await trouble(there.link_as(node, lambda made=made: made(shown)))  # type: ignore[misc]
            assert "the hub does not accept this program's certificate" in said, (case, said)

    at_place(test)


def test_who_shows_no_certificate_hears_nothing(at_place: AtPlace) -> None:
    async def test(there: Place) -> None:
        host, port = "127.0.0.1", int(there.hub_url.rpartition(":")[2])
        context = ssl.create_default_context(cadata=there.site.parts.keys.fleet.authorities)
        reader, writer = await asyncio.open_connection(host, port, ssl=context)
        with pytest.raises(ssl.SSLError, match="CERTIFICATE_REQUIRED"):
            await reader.read(1)
        writer.close()
        # Older TLS is refused before that, and so is what is no TLS at all.
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
            await asyncio.open_connection(host, port, ssl=context)
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b'CONNECT {"verbose":false}\r\nPING\r\n')
        assert b"INFO" not in await reader.read(4_096)
        writer.close()

    at_place(test)


def test_a_hub_of_another_ca_or_of_another_name_is_told_nothing(at_place: AtPlace, tmp_path: Path) -> None:
    async def test(there: Place) -> None:
        data = tmp_path / "edge"
        node = await there.joined(data)
        own = files.hub_identity(data)
        stranger = certificate_text(ca_certificate(generate_private_key(SECP256R1()), 1, datetime.now(UTC)))
        other = replace(own, tls=replace(own.tls, authorities=stranger))
        said = await trouble(there.link_as(node, lambda: other))
        assert "the hub's certificate is not accepted" in said
        # The hub has another certificate now; the connection of the coordinator goes on.
        connected = there.site.parts.hub.connected_since
        write_hub_files(tmp_path / "tls", there.site.parts.keys.fleet, ["hub.example.org"])
        there.reload()
        said = await trouble(there.link(data))
        assert "the hub's certificate is not accepted" in said
        assert "127.0.0.1" in said
        write_hub_files(tmp_path / "tls", there.site.parts.keys.fleet)
        there.reload()
        assert await trouble(there.link(data)) == ""
        assert there.site.parts.hub.connected_since == connected

    at_place(test)


OTHER = uuid4()
WRITTEN = [
    *(subjects.alert(OTHER, lane) for lane in Lane),
    subjects.heartbeat(OTHER),
    "$JS.API.INFO",
    f"$JS.API.STREAM.INFO.{subjects.ALERT_STREAM}",
    f"$JS.API.STREAM.PURGE.{subjects.ALERT_STREAM}",
    f"$JS.API.STREAM.MSG.GET.{subjects.ALERT_STREAM}",
    f"$JS.API.CONSUMER.MSG.NEXT.{subjects.ALERT_STREAM}.coordinator",
    f"$JS.ACK.{subjects.ALERT_STREAM}.coordinator.1.1.1.1.1",
    "$SYS.REQ.CLAIMS.UPDATE",
    "$SYS.REQ.CLAIMS.LIST",
    "$SYS.REQ.SERVER.PING",
    "$SYS.REQ.USER.INFO",
    f"{subjects.inbox_prefix(OTHER)}.1",
    f"{subjects.inbox_prefix('coordinator')}.1",
    "anything",
]
HEARD = [
    subjects.commands(OTHER),
    subjects.mark(OTHER),
    subjects.heartbeat(OTHER),
    subjects.ALL_HEARTBEATS,
    *(subjects.alert(OTHER, lane) for lane in Lane),
    f"{subjects.inbox_prefix(OTHER)}.>",
    f"{subjects.inbox_prefix('coordinator')}.>",
    "_INBOX.>",
    "$JS.>",
    "$SYS.>",
    "*",
    ">",
]


def foreign_of(node_id: UUID) -> list[tuple[str, str]]:
    """What a node may not say, and not hear, of its own subjects as well."""
    own = [subjects.commands(node_id).replace("*", "start"), subjects.mark(node_id)]
    alerts = [*(subjects.alert(node_id, lane) for lane in Lane), subjects.heartbeat(node_id)]
    said = [("Publish", subject) for subject in [*WRITTEN, *own]]
    return [*said, *(("Subscription", subject) for subject in [*HEARD, *alerts])]


@asynccontextmanager
async def client_of(there: Place, identity: HubIdentity) -> AsyncIterator[tuple[Client, list[str]]]:
    """A node's connection with any client, and what the hub has complained of."""
    complaints: list[str] = []

    async def complained(error: Exception) -> None:
        complaints.append(str(error))

    client = await nats.connect(
        there.hub_url,
        **ByIdentity(lambda: identity).entry().options,
        tls=hub_tls(there.hub_url, None, identity.tls),
        tls_handshake_first=True,
        error_cb=complained,
        allow_reconnect=False,
    )
    try:
        yield client, complaints
    finally:
        await client.close()


def test_a_node_says_and_hears_nothing_but_its_own(at_place: AtPlace, tmp_path: Path) -> None:
    async def test(there: Place) -> None:
        data = tmp_path / "edge"
        node = await there.joined(data)
        async with client_of(there, files.hub_identity(data)) as (client, complaints):
            for what, subject in foreign_of(node.node_id):
                complaints.clear()
                if what == "Publish":
                    await client.publish(subject, b"x")
                else:
                    await client.subscribe(subject)
                await until(lambda: complaints, f"{what} {subject} is refused")
                [said] = complaints
                assert f'permissions violation for {what} to "{subject}"'.lower() in said.lower()
            complaints.clear()
            for subject in node_permissions(node.node_id)["subscribe"]:  # type: ignore[attr-defined]
                await client.subscribe(subject)
            await client.publish(subjects.heartbeat(node.node_id), b"not a heartbeat")
            await settle(client)
            assert complaints == [], "its own it may"

    at_place(test)
