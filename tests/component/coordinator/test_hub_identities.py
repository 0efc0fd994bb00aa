"""Coordinator and nodes at a hub that has no users: they log in with what the coordinator signs."""

from __future__ import annotations

import asyncio
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from coordinator.main import app
from edge.hub import store
from edge.main import cli
from edge.membership import files, renewing
from edge.membership.asking import renew_request
from edge.membership.command import join_fleet
from edge.membership.files import Membership
from edge.node_identity import Identity, load as load_identity
from shared import subjects
from shared.api.memberships import MembershipOut
from shared.certificates import lifetime_of, read_certificate
from shared.errors import Corrupt, Rejected, Unavailable
from shared.events.types import Lane
from shared.hub_link import HubLink
from shared.node_lifetimes import CERTIFICATE_LIFETIME
from shared.sealing import pack
from shared.tokens import Role
from tests.support.eventually import cancelled, until
from tests.support.heartbeats import idle_heartbeat
from tests.support.identity_place import AtPlace, Place, place, runner
from tests.support.joining import new_token
from tests.support.new_node import new_keys

PLENTY_S = 60.0


@pytest.fixture
def at_place(migrated_sqlite: Path, tmp_path: Path) -> AtPlace:
    return runner(migrated_sqlite, tmp_path)


def heartbeat(identity: Identity) -> bytes:
    beat = idle_heartbeat(identity.node_id, identity.sealing_public)
    return pack(beat.model_dump(mode="json"), b"", identity.signing)


def test_a_node_that_joined_is_heard_and_its_alerts_are_stored_without_any_password(
    at_place: AtPlace, tmp_path: Path
) -> None:
    async def test(there: Place) -> None:
        data, config, token = tmp_path / "edge", tmp_path / "edge.toml", tmp_path / "token"
        token.touch(mode=0o600)
        token.write_text((await new_token(there.site)).text)
        await asyncio.to_thread(join_fleet, there.url, str(token), data, config)
        checked = await asyncio.to_thread(CliRunner().invoke, cli, ["check-config", "--config", str(config)])
        assert (checked.exit_code, checked.output) == (0, "")
        identity, link = load_identity(data), there.link(data)
        running = asyncio.create_task(link.run())
        parts = there.site.parts
        await until(lambda: parts.hub.connected and link.connected, "both are at the hub")
        subject = subjects.heartbeat(identity.node_id)
        await link.request(subject, heartbeat(identity), timeout_s=PLENTY_S)
        assert parts.fleet.state(identity.node_id) is not None
        alert = subjects.alert(identity.node_id, Lane.CONDUCT)
        await store(link, alert, b"sealed", message_id="1", timeout_s=PLENTY_S)
        await cancelled(running)

    at_place(test)


def test_a_node_renews_after_two_thirds_and_comes_back_to_the_hub_with_what_it_got(
    at_place: AtPlace, tmp_path: Path
) -> None:
    async def test(there: Place) -> None:
        there.site.at(datetime.now(UTC) - CERTIFICATE_LIFETIME * 0.9)
        data = tmp_path / "edge"
        identity = await there.joined(data)
        there.site.at(datetime.now(UTC))
        before = files.load(data)
        assert lifetime_of(before.certificate).renew_utc < datetime.now(UTC)
        renewing_on = asyncio.create_task(renewing.run(there.url, data, identity))
        await until(lambda: files.load(data).hub_jwt != before.hub_jwt, "it renews")
        await cancelled(renewing_on)
        after = files.load(data)
        assert lifetime_of(after.certificate).ends_utc > datetime.now(UTC) + CERTIFICATE_LIFETIME * 0.9
        assert after.certificate.serial_number != before.certificate.serial_number
        link = there.link(data)
        running = asyncio.create_task(link.run())
        await until(lambda: link.connected, "it is let in")
        await cancelled(running)

    at_place(test)


def test_a_node_whose_time_is_over_is_not_let_in_until_it_has_renewed(
    at_place: AtPlace, tmp_path: Path
) -> None:
    async def test(there: Place) -> None:
        data = tmp_path / "edge"
        identity = await there.joined(data)
        known, keys = files.load(data).authorities, new_keys()
        asked = renew_request(identity.node_id, identity.signing, keys).model_dump()
        there.site.at(datetime.now(UTC) - CERTIFICATE_LIFETIME - timedelta(hours=1))
        answer = await there.site.post("/nodes/renew", asked, headers={})
        old = MembershipOut.model_validate_json(answer.content)
        certificate = read_certificate(old.certificate)
        files.save(
            data,
            Membership(authorities=known, certificate=certificate, keys=keys, hub_jwt=old.hub_jwt),
        )
        link = there.link(data)
        running = asyncio.create_task(link.run())
        await until(lambda: link.counts["unreachable"] > 0, "it is refused")
        assert not link.connected
        with pytest.raises(Corrupt, match="which is not now by this machine's clock"):
            await asyncio.to_thread(renewing.renew, there.url, data, identity)
        assert files.load(data).hub_jwt == old.hub_jwt, "what it was given in vain is not kept"
        there.site.at(datetime.now(UTC))
        await asyncio.to_thread(renewing.renew, there.url, data, identity)
        await until(lambda: link.connected, "it is let in")
        await cancelled(running)

    at_place(test)


def test_a_revoked_node_is_cut_off_at_the_hub_within_seconds_and_the_others_stay(
    at_place: AtPlace, tmp_path: Path
) -> None:
    async def test(there: Place) -> None:
        bad, good = tmp_path / "bad", tmp_path / "good"
        identity = await there.joined(bad)
        await asyncio.to_thread(renewing.renew, there.url, bad, identity)  # its former JWT is good as well
        await there.joined(good)
        last, links = files.hub_identity(bad), [there.link(bad), there.link(good)]
        running = [asyncio.create_task(link.run()) for link in links]
        account = there.site.parts.hub_account
        assert account is not None
        await until(lambda: account.link.connected and all(link.connected for link in links), "all are there")
        since = links[1].connected_since
        answer = await there.site.post(
            f"/nodes/{identity.node_id}/revoke", headers=there.site.bearer(Role.OPERATOR)
        )
        assert answer.status_code == 204
        await until(lambda: not links[0].connected and links[0].counts["unreachable"] > 0, "it is refused")
        assert (links[1].connected, links[1].connected_since) == (True, since)
        with pytest.raises(Rejected, match="was revoked"):
            await asyncio.to_thread(renewing.renew, there.url, bad, identity)
        assert files.hub_identity(bad).jwt == last.jwt
        for task in running:
            await cancelled(task)

    at_place(test)


def test_after_the_hubs_keys_were_replaced_a_node_is_turned_away_and_renews_at_once(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    database, data = tmp_path / "coordinator.db", tmp_path / "edge"
    database.write_bytes(migrated_sqlite.read_bytes())

    async def run() -> None:
        async with place(database, tmp_path) as before:
            identity = await before.joined(data)
            link = before.link(data)
            running = asyncio.create_task(link.run())
            await until(lambda: link.connected, "it is let in")
            port = int(before.hub_url.rpartition(":")[2])
        config = tmp_path / "coordinator.toml"
        config.write_text(f'data_folder = "{tmp_path / "coordinator"}"\n')
        done = await asyncio.to_thread(CliRunner().invoke, app, ["rotate-hub-keys", "--config", str(config)])
        assert done.exit_code == 0, done.output
        shutil.rmtree(tmp_path / "accounts")
        async with place(database, tmp_path, port) as after:
            await until(link.turned_away.is_set, "what it has is worth nothing")
            last = files.hub_identity(data).jwt
            renewing_on = asyncio.create_task(renewing.run(after.url, data, identity, link.turned_away))
            await until(lambda: link.connected, "it is let in again")
            assert not link.turned_away.is_set()
            assert files.hub_identity(data).jwt != last
            await until(lambda: after.site.parts.hub.connected, "the coordinator is there")
            alert = subjects.alert(identity.node_id, Lane.CONDUCT)
            await until_stored(link, alert)
            await cancelled(renewing_on)
            await cancelled(running)

    asyncio.run(run())


async def until_stored(link: HubLink, subject: str) -> None:
    """The stream is made anew in the new account."""
    while True:
        try:
            return await store(link, subject, b"sealed", message_id="1", timeout_s=PLENTY_S)
        except Unavailable:
            await asyncio.sleep(0.1)
