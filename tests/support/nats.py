"""A real nats-server with JetStream for tests: its own store, its own port, the product's own permissions."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final
from uuid import UUID

from cli.programs import find_nats_server
from edge.hub import node_link
from shared.hub_caller import HubAddress
from shared.hub_link import HubLink
from shared.hub_login import Password
from shared.nats_config import NatsServer, node_permissions, server_config
from tests.support.ports import reserved_port

COORDINATOR_USER: Final = "coordinator"
COORDINATOR_PASSWORD: Final = "coordinator-password"
START_TIMEOUT_S: Final = 60.0


program: Final = cache(find_nats_server)
"""The one program that all tests start."""


def node_password(node_id: UUID) -> str:
    return f"node-{node_id}"


def users_with_passwords(nodes: Sequence[UUID]) -> str:
    """The part of a hub's configuration that names its users, for one without identities."""
    users: list[dict[str, object]] = [{"user": COORDINATOR_USER, "password": COORDINATOR_PASSWORD}]
    users += [
        {"user": str(node), "password": node_password(node), "permissions": node_permissions(node)}
        for node in nodes
    ]
    return f"authorization: {json.dumps({'timeout': 5, 'users': users})}\n"


def node_hub(url: str, node_id: UUID) -> HubLink:
    """A node's link to a server under its own name and password; not running yet."""
    address = HubAddress(url=url, login=Password(str(node_id), node_password(node_id)))
    return node_link(address, node_id)


class RunningServer:
    """One server process; killed and started again it keeps its port and its store."""

    user: Final = COORDINATOR_USER
    password: Final = COORDINATOR_PASSWORD

    def __init__(self, folder: Path, nodes: Sequence[UUID] = (), more: str = "") -> None:
        """`more`: settings beside the product's own."""
        self._folder = folder
        self._more = more
        self._log = folder / "nats.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._settings = NatsServer(
            port=reserved_port(),
            store_folder=folder / "store",
            access=users_with_passwords(nodes),
        )

    @property
    def port(self) -> int:
        return self._settings.port

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """Of the process that runs."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start and wait until it takes clients. Fails with its log when it does not."""
        config = self._folder / "nats.conf"
        config.write_text(server_config(self._settings) + self._more, encoding="utf-8")
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [program(), "-c", str(config), "--ports_file_dir", str(self._folder)],
                stdout=log,
                stderr=log,
            )
        self._wait_until_ready(self._process)

    def kill(self) -> None:
        """kill -9: no goodbye, nothing flushed."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def freeze(self) -> None:
        """SIGSTOP: its connections stay, and it says nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def lose(self) -> None:
        """kill -9, and everything that it had stored is gone."""
        self.kill()
        shutil.rmtree(self._settings.store_folder)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=10)
            self._ports_file(self._process).unlink(missing_ok=True)
            self._process = None

    def _ports_file(self, process: subprocess.Popen[bytes]) -> Path:
        return self._folder / f"nats-server_{process.pid}.ports"

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline and process.poll() is None:
            if self._ports_file(process).exists():  # written once it listens
                return
            time.sleep(0.02)
        raise RuntimeError(f"nats-server did not start:\n{self._log.read_text(errors='replace')}")


class IdentityHub:
    """A running server that knows only an operator and its accounts."""

    def __init__(self, folder: Path, port: int, identities: str) -> None:
        self._config, self._log = folder / "nats.conf", folder / "nats.log"
        self._folder, self._port = folder, port
        self.url = f"{'tls' if 'cert_file' in identities else 'nats'}://127.0.0.1:{port}"
        self._start(identities)

    def reload(self) -> None:
        """Let it read its files again; returns when it has."""
        before = self._reloads()
        self._process.send_signal(signal.SIGHUP)
        self._wait_until(lambda: self._reloads() > before)

    def restart(self, identities: str) -> None:
        """Stop it and start it with another configuration."""
        self.stop()
        self._start(identities)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    def _start(self, identities: str) -> None:
        store = str(self._folder / "store")
        own = {"host": "127.0.0.1", "port": self._port, "jetstream": {"store_dir": store}}
        text = "".join(f"{name}: {json.dumps(value)}\n" for name, value in own.items())
        self._config.write_text(text + identities)
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                [program(), "-c", self._config, "--ports_file_dir", self._folder],
                stdout=output,
                stderr=output,
            )
        self._wait_until((self._folder / f"nats-server_{self._process.pid}.ports").exists)

    def _reloads(self) -> int:
        return self._log.read_text().count("Reloaded server configuration")

    def _wait_until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not holds():
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.02)


@contextmanager
def identity_hub(folder: Path, port: int, identities: str) -> Iterator[IdentityHub]:
    """A server that knows only an operator and its accounts (`identities`, a part of its configuration) until
    the block ends."""
    hub = IdentityHub(folder, port, identities)
    try:
        yield hub
    finally:
        hub.stop()


@contextmanager
def nats_server(folder: Path, nodes: Sequence[UUID] = (), more: str = "") -> Iterator[RunningServer]:
    """A running server with a user per node (`node_password`) and the coordinator's; stopped at the end."""
    server = RunningServer(folder, nodes, more)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def nats_cluster(folder: Path) -> Iterator[list[RunningServer]]:
    """A hub of three servers, each with the tags `site:eu` and `rack:N`; stopped at the end."""
    ports = [reserved_port() for _ in range(3)]
    routes = ", ".join(f'"nats://127.0.0.1:{port}"' for port in ports)
    servers = []
    for number, port in enumerate(ports):
        (own := folder / f"hub{number}").mkdir()
        more = (
            f'server_name: "hub{number}"\nserver_tags: ["site:eu", "rack:{number}"]\n'
            f'cluster: {{name: "hub", listen: "127.0.0.1:{port}", routes: [{routes}]}}\n'
        )
        servers.append(RunningServer(own, more=more))
    try:
        for server in servers:
            server.start()
        yield servers
    finally:
        for server in servers:
            server.stop()
