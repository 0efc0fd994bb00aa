"""A server of the hub's cluster may do everything, so only one that the cluster names may be one."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.x509 import Certificate

from shared.certificates import (
    ca_certificate,
    certificate_text,
    node_certificate,
    private_text,
    server_certificate,
)
from shared.node_lifetimes import new_lifetime
from tests.support.nats import RunningServer
from tests.support.ports import reserved_port

TEMPLATE = Path(__file__).parents[3] / "ansible/roles/nats/templates/nats.conf.j2"
LIFETIME = new_lifetime(datetime.now(UTC))
CA = generate_private_key(SECP256R1())
NAMES = '"cluster":"proctor","server_id":"X","server_name":"x"'
SAID = (
    f'CONNECT {{"tls_required":true,"name":"x",{NAMES}}}\r\n'
    f'INFO {{"version":"2.11.15","proto":1,"host":"127.0.0.1","port":1,"headers":true,{NAMES}}}\r\nPING\r\n'
)
"""As a server begins that connects to another one."""


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """A hub's port for the other servers of its cluster, which names one more."""
    own = generate_private_key(SECP256R1())
    made = server_certificate(CA, own.public_key(), ["localhost"], serial=1, lifetime=LIFETIME)
    (tmp_path / "hub.key").write_text(private_text(own))
    (tmp_path / "hub.pem").write_text(certificate_text(made))
    (tmp_path / "ca.pem").write_text(certificate_text(ca_certificate(CA, 1, datetime.now(UTC))))
    [tls] = re.findall(r"  tls: \{.*?\n  \}", TEMPLATE.read_text(), re.DOTALL)
    chosen, tls = reserved_port(), tls.replace("{{ _nats_tls }}", str(tmp_path))
    cluster = f'name: "proctor", host: "127.0.0.1", port: {chosen}, routes: ["nats://hub2.invalid:6222"]'
    server = RunningServer(tmp_path, more=f"cluster: {{ {cluster}\n{tls} }}\n")
    server.start()
    yield chosen
    server.stop()


def answered(folder: Path, port: int, kind: str) -> bytes:
    """What the hub says to who claims to be a server, with a certificate of this kind."""
    own = generate_private_key(SECP256R1())
    made: Certificate
    if kind == "server":
        made = server_certificate(CA, own.public_key(), ["hub2.invalid"], serial=2, lifetime=LIFETIME)
    else:
        made = node_certificate(CA, own.public_key(), uuid4(), serial=3, lifetime=LIFETIME)
    (folder / "shown.pem").write_text(private_text(own) + certificate_text(made))
    context = ssl.create_default_context(cafile=folder / "ca.pem")
    context.load_cert_chain(folder / "shown.pem")
    clear = socket.create_connection(("127.0.0.1", port), 30)
    with context.wrap_socket(clear, server_hostname="localhost") as secured:
        secured.sendall(SAID.encode())
        heard = b""
        while b"RS+ " not in heard and b"-ERR" not in heard:
            heard += secured.recv(65_536)
        return heard


@pytest.mark.parametrize(("kind", "enters"), [("server", True), ("node", False)])
def test_a_nodes_certificate_makes_no_server(tmp_path: Path, port: int, kind: str, *, enters: bool) -> None:
    heard = answered(tmp_path, port, kind)
    assert (b"RS+ " in heard) is enters
    assert (b"Authorization Violation" in heard) is not enters
