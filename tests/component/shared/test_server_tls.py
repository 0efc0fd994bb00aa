"""Servers that speak TLS themselves: TLS 1.3 alone, with a certificate that may change under them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from edge.config import WebSection
from edge.fleet.health import Health
from edge.membership.calls import Coordinator
from edge.web import WebServer, create_status, create_web
from shared.certificates import ca_certificate, certificate_text, private_text, server_certificate
from shared.errors import ConfigError, Rejected, Unavailable
from shared.node_lifetimes import new_lifetime
from shared.secret_file import replace_private
from shared.web_server import tls as tls_module
from shared.web_server.doors import Doors
from shared.web_server.doorway import Bounds
from shared.web_server.options import listen
from shared.web_server.status import ByPort
from shared.web_server.tls import ServerTls
from shared.web_server.tls_section import TlsSection
from tests.component.edge.test_web import NobodyAdmitted
from tests.support.eventually import PATIENCE_S, until

NOW = datetime.now(UTC)
MANY = Bounds(100, 100)
CA_KEY = generate_private_key(SECP256R1())
CA = certificate_text(ca_certificate(CA_KEY, 1, NOW))


def written(folder: Path, serial: int, *, another_key: bool = False) -> TlsSection:
    """A certificate of the CA for this machine, in files; `another_key`: with a key that is not its own."""
    own, other = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    made = server_certificate(
        CA_KEY, own.public_key(), ["127.0.0.1"], serial=serial, lifetime=new_lifetime(NOW)
    )
    section = TlsSection(certificate_file=folder / "web.pem", key_file=folder / "web.key")
    replace_private(section.certificate_file, certificate_text(made))
    replace_private(section.key_file, private_text(other if another_key else own))
    return section


@dataclass(frozen=True)
class Served:
    """A node's web server."""

    port: int
    status_port: int
    doors: Doors

    def url(self, scheme: str = "https") -> str:
        return f"{scheme}://127.0.0.1:{self.port}"

    async def serial(self) -> int:
        """Of the certificate that a new connection gets."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=trusting())
        der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
        del reader
        return x509.load_der_x509_certificate(der).serial_number


def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cadata=CA)


@asynccontextmanager
async def serving(section: TlsSection, bounds: Bounds) -> AsyncIterator[Served]:
    async def health() -> Health:
        return Health(10, ())

    async def metrics() -> bytes:
        return b""

    with ExitStack() as sockets:
        public, status = (sockets.enter_context(listen("127.0.0.1", 0)) for _ in range(2))
        port, status_port = (each.getsockname()[1] for each in (public, status))
        app = ByPort(create_web(NobodyAdmitted(), [], health), create_status(health, metrics), status_port)
        web = WebSection(port=port, public_url=f"https://127.0.0.1:{port}", tls=section)
        server = WebServer(app, doors := Doors(bounds), web)
        running = asyncio.create_task(server.serve(sockets=[public, status]))
        try:
            await until(lambda: len(getattr(server, "servers", ())) == 2, "it listens on both ports")
            yield Served(port, status_port, doors)
        finally:
            server.should_exit = True
            await running


def run(section: TlsSection, test: Callable[[Served], Awaitable[None]], bounds: Bounds = MANY) -> None:
    async def whole() -> None:
        async with asyncio.timeout(PATIENCE_S), serving(section, bounds) as served:
            await test(served)

    asyncio.run(whole())


def test_pages_get_tls_1_3_and_monitoring_its_port_in_clear(tmp_path: Path) -> None:
    async def test(served: Served) -> None:
        async with httpx.AsyncClient(verify=trusting()) as http:
            assert (await http.get(f"{served.url()}/healthz")).json() == {"status": "ok"}
            inside = await http.get(f"http://127.0.0.1:{served.status_port}/healthz")
            assert inside.json()["health"] == 10
            with pytest.raises(httpx.TransportError):
                await http.get(f"{served.url('http')}/healthz")
        with pytest.raises(InvalidStatus):  # a socket is answered by the application, so TLS has gone through
            async with connect(f"{served.url('wss')}/nothing", ssl=trusting(), proxy=None):
                pass
        older = trusting()
        older.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises(OSError):  # noqa: PT011  the server ends it, with or without an alert
            await asyncio.open_connection("127.0.0.1", served.port, ssl=older)

    run(written(tmp_path, 1), test)


def test_a_new_certificate_counts_for_new_connections_and_ends_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tls_module, "LOOK_EVERY_TICKS", 1)
    section = written(tmp_path, 1)

    async def test(served: Served) -> None:
        async with httpx.AsyncClient(verify=trusting()) as http:
            await http.get(f"{served.url()}/healthz")
            assert await served.serial() == 1
            written(tmp_path, 2)

            async def renewed() -> bool:
                return await served.serial() == 2

            await until(renewed, "a new connection gets the new one")
            assert (await http.get(f"{served.url()}/healthz")).status_code == 200
            written(tmp_path, 3, another_key=True)
            await until(lambda: "a new certificate cannot be used" in caplog.text, "a wrong one is told")
            assert await served.serial() == 2
            written(tmp_path, 4)

            async def mended() -> bool:
                return await served.serial() == 4

            await until(mended, "it is mended")

    run(section, test)


def test_connections_that_never_agree_on_tls_have_places_and_lose_them_first(tmp_path: Path) -> None:
    async def test(served: Served) -> None:
        stalled = [await asyncio.open_connection("127.0.0.1", served.port) for _ in range(7)]
        for _, writer in stalled:
            writer.write(b"\x16")
        await until(lambda: served.doors.counts["gave-way"] == 3, "the oldest give way")
        assert served.doors.open == 4
        async with httpx.AsyncClient(verify=trusting()) as http:
            assert (await http.get(f"{served.url()}/healthz")).json() == {"status": "ok"}
        await until(lambda: served.doors.open == 0, "who does not agree in time is let go")
        for _, writer in stalled:
            writer.transport.abort()

    run(written(tmp_path, 1), test, Bounds(4, 4))


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    section = written(tmp_path, 1)
    section.key_file.chmod(0o640)
    with pytest.raises(ConfigError, match="mode 640"):
        ServerTls(section)
    with pytest.raises(ConfigError, match=r"web\.pem and .*web\.key are not a certificate and its key"):
        ServerTls(written(tmp_path, 1, another_key=True))
    section = written(tmp_path, 1)
    section.certificate_file.unlink()
    with pytest.raises(ConfigError, match=r"web\.pem"):
        ServerTls(section)


def test_a_node_knows_a_coordinator_by_the_fleets_ca_too(tmp_path: Path) -> None:
    async def test(served: Served) -> None:
        def asked(authorities: str) -> None:
            with Coordinator(served.url(), authorities) as coordinator:
                coordinator.authority()

        with pytest.raises(Unavailable, match="CERTIFICATE_VERIFY_FAILED"):
            await asyncio.to_thread(asked, "")
        with pytest.raises(Rejected, match="404"):  # it is heard; this server is no coordinator
            await asyncio.to_thread(asked, CA)

    run(written(tmp_path, 1), test)
