"""`proctor-edge join` against a real coordinator."""

from __future__ import annotations

import asyncio
import json
import shutil
import stat
import threading
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import typer

from coordinator.ground.own_keys import make_own_keys
from edge.config import EdgeConfig
from edge.membership import files
from edge.membership.command import join_fleet
from edge.membership.joining import join
from edge.node_identity import load as load_identity
from shared.config_file import load
from shared.errors import ConfigError, Corrupt, Rejected, Unavailable
from shared.join_tokens import JoinToken
from shared.nats_keys import KeyKind
from shared.node_lifetimes import CERTIFICATE_LIFETIME
from shared.tokens import Role
from tests.support.exam_site import OnSite, Site
from tests.support.joining import new_token
from tests.support.nats_jwts import read_jwt, user_key
from tests.support.ports import reserved_port
from tests.support.served_site import served
from tests.support.shell import Shell

Test = Callable[[Site, str], Awaitable[None]]


def at(on_site: OnSite, test: Test) -> None:
    """Run a test on a site with its address."""

    async def with_address(site: Site) -> None:
        async with served(site) as sockets:
            await test(site, sockets.replace("ws://", "http://").removesuffix("/ws"))

    on_site(with_address)


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder / files.FOLDER).iterdir()}


def test_a_machine_joins_as_an_administrator_types_it(
    on_sqlite: OnSite, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def test(site: Site, url: str) -> None:
        operator = Shell(site, url, "ops", Role.OPERATOR)
        made = await operator.data("nodes", "token", "--region", "eu-west", "--name", "hall 3")
        token, data, config = tmp_path / "token", tmp_path / "edge", tmp_path / "edge.toml"
        token.touch(mode=0o600)
        token.write_text(made["token"] + "\n")
        capsys.readouterr()
        await asyncio.to_thread(join_fleet, url, str(token), data, config)
        node_id = load_identity(data).node_id
        assert json.loads(capsys.readouterr().out) == {"node_id": str(node_id), "region": "eu-west"}
        assert modes(data) == dict.fromkeys(("ca.pem", "node.pem", "hub.creds"), 0o600)
        kept = files.load(data)
        claims = read_jwt(kept.hub_jwt, KeyKind.ACCOUNT, site.parts.keys.fleet.account.public_key())
        assert user_key(claims) == kept.keys.hub.public_key()
        settings = load(config, EdgeConfig)
        assert settings.coordinator.public_key == site.parts.keys.signing_text
        assert (settings.region, settings.data_folder) == ("eu-west", data)
        assert (settings.nats.url, settings.nats.user) == (site.parts.config.nats.url, str(node_id))
        assert settings.coordinator.url == url
        [one] = [row for row in await operator.data("nodes", "list") if row["node_id"] == str(node_id)]
        assert (one["name"], one["region"]) == ("hall 3", "eu-west")
        [certificate] = await operator.data("nodes", "certificates")
        assert int(certificate["serial"], 16) == kept.certificate.serial_number
        assert (await operator.run("nodes", "revoke", str(node_id), "--yes"))[0] == 0
        assert node_id not in site.parts.signers

    at(on_sqlite, test)


def test_settings_that_are_there_stay(
    on_sqlite: OnSite, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def test(site: Site, url: str) -> None:
        token, config = tmp_path / "token", tmp_path / "edge.toml"
        token.touch(mode=0o600)
        token.write_text((await new_token(site)).text)
        config.write_text("region = 'mine'\n")
        with pytest.raises(typer.Exit):  # these settings are not whole; the node has joined
            await asyncio.to_thread(join_fleet, url, str(token), tmp_path / "edge", config)
        assert config.read_text() == "region = 'mine'\n"
        said = capsys.readouterr().err
        assert "is there already and stays" in said
        assert f'public_key = "{site.parts.keys.signing_text}"' in said
        assert files.load(tmp_path / "edge").certificate is not None

    at(on_sqlite, test)


def test_a_coordinator_that_did_not_make_the_token_gets_nothing(on_sqlite: OnSite, tmp_path: Path) -> None:
    async def test(site: Site, url: str) -> None:
        another = make_own_keys(tmp_path / "another", None).fleet.fingerprint
        token = JoinToken((await new_token(site)).secret, another)
        with pytest.raises(Corrupt, match="nothing was sent"):
            await asyncio.to_thread(join, url, token, tmp_path / "edge")
        assert not (tmp_path / "edge").exists()
        assert (await site.get("/nodes/certificates", headers=site.bearer(Role.OPERATOR))).json()[
            "items"
        ] == []

    at(on_sqlite, test)


def test_a_used_token_lets_another_machine_not_in_but_the_one_that_used_it_has_its_answer_again(
    on_sqlite: OnSite, tmp_path: Path
) -> None:
    async def test(site: Site, url: str) -> None:
        token = await new_token(site)
        first = await asyncio.to_thread(join, url, token, tmp_path / "one")
        before = files.load(tmp_path / "one").certificate
        with pytest.raises(Rejected, match="used before"):
            await asyncio.to_thread(join, url, token, tmp_path / "two")
        assert not (tmp_path / "two" / files.FOLDER).exists()
        again = await asyncio.to_thread(join, url, token, tmp_path / "one")
        assert again == first
        renewed = files.load(tmp_path / "one").certificate
        assert renewed.serial_number != before.serial_number
        assert renewed.not_valid_after_utc > datetime.now(UTC) + CERTIFICATE_LIFETIME / 2

    at(on_sqlite, test)


def test_a_coordinator_that_is_away_is_named(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{reserved_port()}"
    with pytest.raises(Unavailable, match="does not answer"):
        join(url, JoinToken(bytes(20), bytes(32)), tmp_path)


class Garbled(BaseHTTPRequestHandler):
    """A proxy that says it has compressed its answer, and has not."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"none")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_an_answer_that_cannot_be_read_is_trouble_on_the_way_and_ends_no_daemon(tmp_path: Path) -> None:
    with HTTPServer(("127.0.0.1", 0), Garbled) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        try:
            with pytest.raises(Unavailable, match="does not answer"):
                join(f"http://127.0.0.1:{proxy.server_port}", JoinToken(bytes(20), bytes(32)), tmp_path)
        finally:
            proxy.shutdown()


def test_damaged_or_open_files_are_refused(on_sqlite: OnSite, tmp_path: Path) -> None:
    async def test(site: Site, url: str) -> None:
        await asyncio.to_thread(join, url, await new_token(site), tmp_path / "whole")

    at(on_sqlite, test)
    for name in ("ca.pem", "node.pem", "hub.creds"):
        folder = tmp_path / f"wrong {name}"
        shutil.copytree(tmp_path / "whole", folder)
        path = folder / files.FOLDER / name
        path.chmod(0o640)
        with pytest.raises(ConfigError, match="mode 640"):
            files.load(folder)
        path.chmod(0o600)
        path.write_text(path.read_text()[:-40])
        with pytest.raises(ConfigError, match=r"damaged.*join again"):
            files.load(folder)
        path.unlink()
        with pytest.raises(ConfigError, match="proctor-edge join"):
            files.load(folder)
