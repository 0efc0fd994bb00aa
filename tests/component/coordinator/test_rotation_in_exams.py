"""CA and hub keys are replaced while six exams run: none ends, none of their alerts is lost."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final
from uuid import UUID

import pytest
from sqlmodel import Session, select
from typer.testing import CliRunner

from coordinator.alerts.tables import RefusedAlert, StoredAlert
from coordinator.arriving.tables import ParkedMessage
from coordinator.ground.ca_files import CaStep, take_step
from coordinator.main import app
from coordinator.nodes.tables import Assignment
from edge.config import EdgeConfig
from edge.membership import files, renewing
from edge.node_identity import Identity
from shared.events.types import EventType
from shared.hub_link import HubLink
from shared.sealing import signing_public_text
from tests.support.eventually import cancelled, until
from tests.support.fleet_node import kept_by, live, watching
from tests.support.fleet_pages import Air, Page
from tests.support.fleet_site import POLICY
from tests.support.identity_place import Place, place, write_hub_files
from tests.support.ports import reserved_port

pytestmark = [pytest.mark.realtime, pytest.mark.xdist_group("realtime")]

SESSIONS: Final = 6


def config_of(there: Place, data: Path) -> EdgeConfig:
    """As `proctor-edge join` writes it."""
    port = reserved_port()
    key = signing_public_text(there.site.parts.keys.signing.public_key())
    return EdgeConfig.model_validate(
        {
            "region": "eu-west",
            "data_folder": data,
            "coordinator": {"public_key": key, "url": there.url},
            "nats": {"url": there.hub_url},
            "web": {"port": port, "public_url": f"http://127.0.0.1:{port}"},
            "status": {"port": reserved_port()},
            "outbox": {"backlog_jitter_s": 0, "resend_after_s": 2},
            "analysis": {"rating": SESSIONS + 2, "steps_down": False},
        }
    )


@asynccontextmanager
async def exams(there: Place, config: EdgeConfig) -> AsyncIterator[list[Page]]:
    """A node with six pages, whose candidates leave again and again, until the block ends."""
    running = [asyncio.create_task(live(config, watching))]
    parts, loop = there.site.parts, asyncio.get_running_loop()
    air, own = await loop.create_datagram_endpoint(Air, local_addr=("127.0.0.1", 0))
    try:
        await until(lambda: parts.fleet.online(parts.clock()), "the node is there")
        pages = []
        for number in range(SESSIONS):
            given = await there.site.started(f"SESS-{number}", f"CAND-{number}", policy=POLICY)
            pages.append(Page(number, given["signaling_url"], given["session_token"], own, _stays))
        running += [asyncio.create_task(page.live()) for page in pages]
        await until(lambda: all(page.flows(1.0) for page in pages), "media of all")
        yield pages
    finally:
        await cancelled(*reversed(running))
        air.close()


async def _stays(failed: int) -> str | None:
    raise AssertionError("a page has lost its node")


async def stored(there: Place) -> dict[UUID, StoredAlert]:
    rows = await there.site.parts.reading(lambda db: db.exec(select(StoredAlert)).all())
    return {one.id: one for one in rows}


async def absences(there: Place, more_than: int = 0) -> int:
    """The least that is known of any session, once all have more than so many."""
    told: Counter[UUID] = Counter()

    async def enough() -> bool:
        alerts = (await stored(there)).values()
        told.clear()
        told.update(one.session_id for one in alerts if one.event_type is EventType.FACE_NOT_FOUND)
        return len(told) == SESSIONS and min(told.values()) > more_than

    await until(enough, "another absence of each")
    return min(told.values())


async def accepted(link: HubLink) -> None:
    running = asyncio.create_task(link.run())
    await until(lambda: link.connected, "it is let in")
    await cancelled(running)


@asynccontextmanager
async def refused(link: HubLink) -> AsyncIterator[None]:
    """The hub does not let this one in, at the end of the block at the latest."""
    trying = asyncio.create_task(link.run())
    yield
    await until(lambda: link.counts["unreachable"] or link.turned_away.is_set(), "it is refused")
    assert not link.connected
    await cancelled(trying)


async def ca_replaced(there: Place, folder: Path, data: Path, identity: Identity) -> None:
    """In its three steps, the node renewing after each; what the former one signed counts until the last."""
    former = folder / "former"
    own = there.site.parts.keys
    for step in CaStep:
        await asyncio.to_thread(take_step, folder / "coordinator", own.keyring, step, datetime.now(UTC))
        write_hub_files(folder / "tls", own.fleet)
        there.reload()
        if step is CaStep.PREPARE:
            await asyncio.to_thread(renewing.renew, there.url, data, identity)
            shutil.copytree(data, former)  # what it has from the former CA, knowing both
        link = there.link_as(identity, partial(files.hub_identity, former))
        if step is CaStep.FINISH:
            async with refused(link):
                pass
        else:
            await accepted(link)
        if step is CaStep.SWITCH:
            await asyncio.to_thread(renewing.renew, there.url, data, identity)
        await accepted(there.link(data))


def _rows(table: type[RefusedAlert | ParkedMessage], db: Session) -> int:
    return len(db.exec(select(table)).all())


async def settled(there: Place, data: Path) -> None:
    """All that the node has kept is stored, each once, and its sessions are where they were."""

    async def known() -> bool:
        rows = await stored(there)
        return all(
            one.alert_id in rows and rows[one.alert_id].revision >= one.revision for one in kept_by(data)
        )

    await until(known, "every alert is stored")
    kept = {one.alert_id for one in kept_by(data)}
    of_node = {key for key, one in (await stored(there)).items() if one.node_id is not None}
    assert of_node == kept
    for table in (RefusedAlert, ParkedMessage):
        assert await there.site.parts.reading(partial(_rows, table)) == 0
    held = await there.site.parts.reading(lambda db: db.exec(select(Assignment)).all())
    assert [(one.epoch, one.to_utc) for one in held] == [(1, None)] * SESSIONS


def test_six_exams_go_on_while_the_ca_and_then_the_hubs_keys_are_replaced(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    database, data, web_port = tmp_path / "coordinator.db", tmp_path / "edge", reserved_port()
    database.write_bytes(migrated_sqlite.read_bytes())

    async def run(node: AsyncExitStack) -> None:
        async with place(database, tmp_path, web_port=web_port) as there:
            identity = await there.joined(data)
            port = int(there.hub_url.rpartition(":")[2])
            pages = await node.enter_async_context(exams(there, config_of(there, data)))
            known = await absences(there)
            await ca_replaced(there, tmp_path, data, identity)
            known = await absences(there, more_than=known)
        config = tmp_path / "coordinator.toml"
        config.write_text(f'data_folder = "{tmp_path / "coordinator"}"\n')
        done = await asyncio.to_thread(CliRunner().invoke, app, ["rotate-hub-keys", "--config", str(config)])
        assert done.exit_code == 0, done.output
        shutil.rmtree(tmp_path / "accounts")
        former = tmp_path / "of-the-former-hub"
        shutil.copytree(data, former)
        async with place(database, tmp_path, port, web_port) as there:
            async with refused(there.link_as(identity, partial(files.hub_identity, former))):
                await absences(there, more_than=known)
            await settled(there, data)
            assert [page.closed for page in pages] == [None] * SESSIONS

    async def whole() -> None:
        async with AsyncExitStack() as node:
            await run(node)

    asyncio.run(whole())
