"""The fleet's CA gives way to another one, at a real hub, while nodes stay connected."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from coordinator.ground.ca_files import CaStep, take_step
from coordinator.main import app
from coordinator.nodes.hub_certificates import HUB_CA
from edge.membership import files, renewing
from shared.authorities import read_authorities
from shared.certificates import check_issued
from shared.errors import ConfigError, Corrupt
from shared.hub_link import HubLink
from tests.support.eventually import cancelled, until
from tests.support.identity_place import AtPlace, Place, runner, write_hub_files


@pytest.fixture
def at_place(migrated_sqlite: Path, tmp_path: Path) -> AtPlace:
    return runner(migrated_sqlite, tmp_path)


def ordered(folder: Path, *words: str) -> Result:
    """The command as an administrator types it, beside the running coordinator."""
    config = folder / "coordinator.toml"
    config.write_text(
        f'data_folder = "{folder / "coordinator"}"\ndatabase_url = "sqlite:///{folder / "coordinator.db"}"\n'
    )
    return CliRunner().invoke(app, ["rotate-ca", *words, "--config", str(config)])


def test_a_ca_takes_over_from_another_while_nodes_stay_and_one_is_away(
    at_place: AtPlace, tmp_path: Path
) -> None:
    async def test(there: Place) -> None:
        here, away = tmp_path / "here", tmp_path / "away"
        nodes = {data: await there.joined(data) for data in (here, away)}
        fleet = there.site.parts.keys.fleet
        first = fleet.certificate

        async def taken(step: CaStep) -> None:
            """As the administrator does it: the step, then the hub's files."""
            since = there.site.parts.hub.connected_since
            await asyncio.to_thread(
                take_step, tmp_path / "coordinator", there.site.parts.keys.keyring, step, datetime.now(UTC)
            )
            write_hub_files(tmp_path / "tls", fleet)
            there.reload()
            assert there.site.parts.hub.connected_since == since, "its connection stays"

        async def is_let_in(link: HubLink) -> None:
            running = asyncio.create_task(link.run())
            await until(lambda: link.connected, "it is let in")
            await cancelled(running)

        def renewed(data: Path) -> None:
            renewing.renew(there.url, data, nodes[data])

        await until(lambda: there.site.parts.hub.connected, "the coordinator is there")
        staying = there.link(here)
        running = asyncio.create_task(staying.run())
        await until(lambda: staying.connected, "a node is there")
        since = staying.connected_since

        await taken(CaStep.PREPARE)
        second = fleet.authority.accepted[1]
        assert fleet.certificate == first, "the former one signs on"
        refused = await asyncio.to_thread(ordered, tmp_path, "switch")
        assert isinstance(refused.exception, ConfigError)
        assert "2 nodes have not renewed since" in str(refused.exception)
        await asyncio.to_thread(renewed, here)
        assert files.load(here).authorities == (first, second)

        await taken(CaStep.SWITCH)
        assert (fleet.certificate, fleet.authority.accepted) == (second, (second, first))
        await is_let_in(there.link(here))  # with what the former one signed, at a hub of the new one
        await asyncio.to_thread(renewed, here)
        check_issued(files.load(here).certificate, second, files.load(here).keys.certificate.public_key())
        await is_let_in(there.link(here))

        await taken(CaStep.FINISH)
        assert read_authorities((tmp_path / "tls" / HUB_CA).read_text()) == (second,)
        await is_let_in(there.link(here))
        lost = there.link(away)
        trying = asyncio.create_task(lost.run())
        await until(lambda: lost.counts["unreachable"] > 0, "what the former one signed counts no more")
        await asyncio.to_thread(renewed, away)
        assert files.load(away).authorities == (second,)
        await until(lambda: lost.connected, "who was away all the time follows")
        await cancelled(trying)
        assert (staying.connected, staying.connected_since) == (True, since), "nobody was cut off"
        await cancelled(running)

    at_place(test)


def test_steps_come_in_their_order_and_a_coordinator_of_another_ca_is_not_followed(
    at_place: AtPlace, tmp_path: Path
) -> None:
    async def test(there: Place) -> None:
        data = tmp_path / "edge"
        identity = await there.joined(data)
        before = files.load(data)
        for wrong in ("switch", "finish"):
            said = await asyncio.to_thread(ordered, tmp_path, wrong)
            assert f"the next step is prepare, not {wrong}" in str(said.exception)
        assert (await asyncio.to_thread(ordered, tmp_path, "prepare")).exit_code == 0
        again = await asyncio.to_thread(ordered, tmp_path, "prepare")
        assert "the next step is switch, not prepare" in str(again.exception)
        for step in ("switch", "finish"):
            assert (await asyncio.to_thread(ordered, tmp_path, step, "--force")).exit_code == 0
        state = tmp_path / "coordinator" / "ca.state"
        state.write_text(state.read_text().replace('"handovers": [[2', '"handovers": [[1'))
        with pytest.raises(Corrupt, match="join again with a new token"):
            await asyncio.to_thread(renewing.renew, there.url, data, identity)
        assert files.load(data).certificate == before.certificate, "nothing is kept of it"
        state.write_text("{")
        assert there.site.parts.keys.fleet.authority is not None, "a damaged file ends no coordinator"
        state.unlink()
        there.site.at(datetime.now(UTC) + timedelta(minutes=1))
        await asyncio.to_thread(renewing.renew, there.url, data, identity)

    at_place(test)
