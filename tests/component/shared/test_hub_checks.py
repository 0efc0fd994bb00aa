"""TLS to a real hub, and what is refused before anything secret is said."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

from shared.errors import ConfigError
from shared.hub_caller import HubAddress
from shared.hub_checks import hub_tls
from shared.hub_link import HubLink
from shared.hub_login import Password
from tests.component.shared.test_hub_link import CALLER
from tests.support.eventually import cancelled, until
from tests.support.nats import RunningServer, nats_server

SECRET = "a-password-of-the-hub"


def certificate(folder: Path) -> Path:
    """A certificate for this machine's loopback address that signs itself, with its key beside it."""
    key, name = Ed25519PrivateKey.generate(), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hub")])
    now_utc = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now_utc - timedelta(hours=1))
        .not_valid_after(now_utc + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, None)
    )
    pem = serialization.Encoding.PEM
    path = folder / "hub.pem"
    path.write_bytes(made.public_bytes(pem))
    path.with_suffix(".key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


def tls_settings(cert: Path) -> str:
    return f'tls: {{cert_file: "{cert}", key_file: "{cert.with_suffix(".key")}", handshake_first: true}}\n'


def address_of(server: RunningServer, ca_file: Path | None) -> HubAddress:
    url = server.url.replace("nats://", "tls://")
    return HubAddress(url=url, login=Password(server.user, server.password), ca_file=ca_file)


async def trouble(address: HubAddress) -> str:
    """Why a link to this address is not made."""
    hub = HubLink(address, CALLER)
    task = asyncio.create_task(hub.run())
    try:
        await until(lambda: hub.counts["unreachable"] > 0, "a try fails")
        assert not hub.connected
        return hub.trouble
    finally:
        await cancelled(task)


@asynccontextmanager
async def claiming(first: bytes) -> AsyncIterator[tuple[HubAddress, bytearray]]:
    """Somebody who says this as the hub's first line; and all that it hears."""
    heard = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        try:
            while chunk := await reader.read(4_096):
                heard.extend(chunk)
                if b"PING" in chunk:
                    writer.write(b"PONG\r\n")
        except OSError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield HubAddress(url=f"nats://127.0.0.1:{port}", login=Password("node", SECRET)), heard


def info(version: str) -> bytes:
    about = {"server_id": "X", "version": version, "proto": 1, "max_payload": 1_048_576, "headers": True}
    return b"INFO " + json.dumps(about).encode() + b"\r\n"


def test_a_link_by_tls_carries_messages(tmp_path: Path) -> None:
    cert = certificate(tmp_path)

    async def scenario(server: RunningServer) -> None:
        hub = HubLink(address_of(server, cert), CALLER)

        async def echo(_: str, message: bytes) -> bytes:
            return message

        hub.listen("a.b", echo)
        task = asyncio.create_task(hub.run())
        try:
            await until(lambda: hub.connected, "the link is made")
            assert await hub.request("a.b", b"hello", timeout_s=20) == b"hello"
            assert hub.certificate_ends_s == pytest.approx(time.time() + 86_400, abs=600)
        finally:
            await cancelled(task)

    with nats_server(tmp_path, more=tls_settings(cert)) as server:
        asyncio.run(scenario(server))


def test_a_hub_with_a_certificate_of_a_strangers_is_refused_with_the_setting_to_change(
    tmp_path: Path,
) -> None:
    cert = certificate(tmp_path)
    (tmp_path / "other").mkdir()
    other = certificate(tmp_path / "other")
    with nats_server(tmp_path, more=tls_settings(cert)) as server:
        for ca_file in (None, other):
            said = asyncio.run(trouble(address_of(server, ca_file)))
            assert "the hub's certificate is not accepted" in said
            assert "ca_file of [nats]" in said


def test_to_who_claims_to_have_no_tls_nothing_is_said_in_clear(tmp_path: Path) -> None:
    cert = certificate(tmp_path)

    async def scenario() -> None:
        async with claiming(info("2.15.1")) as (clear, heard):
            private = replace(clear, url=clear.url.replace("nats://", "tls://"), ca_file=cert)
            assert "handshake_first: true" in await trouble(private)
            assert SECRET.encode() not in heard
            assert b"CONNECT" not in heard

    asyncio.run(scenario())


def test_a_hub_that_begins_in_clear_is_not_spoken_to(tmp_path: Path) -> None:
    """Whether it has TLS or not."""
    cert = certificate(tmp_path)
    clear_first = tls_settings(cert).replace("handshake_first: true", "handshake_first: false")
    for number, settings in enumerate(("", clear_first)):
        (folder := tmp_path / str(number)).mkdir()
        with nats_server(folder, more=settings) as server:
            assert "handshake_first: true" in asyncio.run(trouble(address_of(server, cert)))


def test_a_hub_of_an_old_version_is_refused_with_the_reason() -> None:
    async def scenario() -> None:
        async with claiming(info("2.11.14")) as (address, _):
            assert "nats-server 2.11.14 is older than 2.11.15" in await trouble(address)

    asyncio.run(scenario())


def test_a_hub_of_no_known_version_is_refused() -> None:
    async def scenario() -> None:
        async with claiming(info("")) as (address, _):
            assert "nats-server 0.0.0 is older" in await trouble(address)

    asyncio.run(scenario())


@pytest.mark.parametrize("write", [lambda path: None, lambda path: path.write_text("no certificate")])
def test_a_file_without_certificates_is_refused_by_name(
    tmp_path: Path, write: Callable[[Path], object]
) -> None:
    path = tmp_path / "ca.pem"
    write(path)
    with pytest.raises(ConfigError, match=r"ca\.pem has no certificates of the hub's CA"):
        hub_tls("tls://hub:4222", path)


def test_a_hub_on_this_machine_needs_no_tls() -> None:
    assert hub_tls("nats://127.0.0.1:4222", None) is None


def test_tls_is_of_version_1_3(tmp_path: Path) -> None:
    context = hub_tls("tls://hub:4222", certificate(tmp_path))
    assert context is not None
    assert context.minimum_version.name == "TLSv1_3"
    assert context.check_hostname
