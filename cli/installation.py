"""A whole installation on one machine, in one data folder: nats-server, coordinator, one edge node.

    <data>/nats.conf, jetstream/          the embedded server and its store
    <data>/coordinator.toml, coordinator/ configuration, keys, database
    <data>/edge.toml, edge/               configuration, identity, outbox
    <data>/secrets/                       passwords and the admin token, 0600
    <data>/logs/                          one log per program
    <data>/lock                           held while `up` runs

Secrets are made once, kept in files of mode 0600 and handed over by file name, never on a command line.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO
from uuid import UUID

from cli.programs import ask, demanded_port, find_nats_server, find_program, free_port
from shared.errors import ConfigError
from shared.nats_config import COORDINATOR_USER, NatsServer, server_config
from shared.writing import writing_under


@dataclass(frozen=True, slots=True)
class Binaries:
    """The three programs of an installation."""

    nats_server: Path
    coordinator: Path
    edge: Path


@dataclass(frozen=True, slots=True)
class Ports:
    """Loopback TCP ports."""

    nats: int
    coordinator: int
    edge: int
    coordinator_status: int
    edge_status: int


@dataclass(frozen=True, slots=True)
class Installation:
    """Prepared and ready to be started."""

    folder: Path
    binaries: Binaries
    ports: Ports
    node_id: UUID

    @property
    def coordinator_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.coordinator}"

    @property
    def edge_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.edge}"

    @property
    def coordinator_status_url(self) -> str:
        """Health and metrics of the coordinator."""
        return f"http://127.0.0.1:{self.ports.coordinator_status}"

    @property
    def edge_status_url(self) -> str:
        """Health and metrics of the edge node."""
        return f"http://127.0.0.1:{self.ports.edge_status}"

    def log(self, name: str) -> Path:
        return self.folder / "logs" / f"{name}.log"

    def config(self, name: str) -> Path:
        return self.folder / f"{name}.toml"

    def coordinator(self, verb: str, *options: str | Path) -> list[str | Path]:
        """A command line of the coordinator with this installation's configuration."""
        return [self.binaries.coordinator, verb, "--config", self.config("coordinator"), *options]

    def edge(self, verb: str, *options: str | Path) -> list[str | Path]:
        """A command line of the edge node with this installation's configuration."""
        return [self.binaries.edge, verb, "--config", self.config("edge"), *options]


def find_binaries(nats_server: Path | None = None) -> Binaries:
    """All three programs; `nats_server` names that of the hub.

    Raises `ConfigError` that names the first missing one and what to install.
    """
    return Binaries(
        nats_server=find_nats_server(nats_server),
        coordinator=find_program("proctor-coordinator"),
        edge=find_program("proctor-edge"),
    )


def lock(folder: Path) -> IO[str]:
    """Lock the data folder for this process; closing the file unlocks it.

    Raises `ConfigError` if another `up` has locked it or the folder cannot be written.
    """
    with writing_under(folder):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        held = (folder / "lock").open("a+")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        held.close()
        raise ConfigError(f"another proctorctl already runs an installation in {folder}") from error
    return held


def choose_ports(folder: Path, coordinator: int | None, edge: int | None) -> Ports:
    """The requested ports; otherwise those of the last run if free, otherwise any free ones."""
    memory = folder / "ports.json"
    try:
        last: dict[str, int] = json.loads(memory.read_text())
    except (OSError, ValueError):  # none yet, or incomplete: other ports will do
        last = {}
    ports = Ports(
        nats=free_port(last.get("nats")),
        coordinator=demanded_port(coordinator, "the coordinator")
        if coordinator
        else free_port(last.get("coordinator")),
        edge=demanded_port(edge, "the edge node") if edge else free_port(last.get("edge")),
        coordinator_status=free_port(last.get("coordinator_status")),
        edge_status=free_port(last.get("edge_status")),
    )
    with writing_under(folder):
        memory.write_text(json.dumps(asdict(ports)))
    return ports


def prepare(
    folder: Path,
    ports: Ports,
    *,
    profile: str,
    level: str,
    steps_down: bool = True,
    nats_server: Path | None = None,
) -> Installation:
    """Create missing keys and identities and write the three configuration files.

    `steps_down`: whether the node takes lower levels by itself when the machine is overloaded.
    """
    binaries = find_binaries(nats_server)
    with writing_under(folder):
        for part in ("logs", "secrets", "jetstream", "coordinator", "edge"):
            (folder / part).mkdir(parents=True, exist_ok=True, mode=0o700)
    node = json.loads(ask([binaries.edge, "identity", "--data", folder / "edge"]))
    centre = json.loads(ask([binaries.coordinator, "init", "--data", folder / "coordinator"]))
    installation = Installation(folder, binaries, ports, UUID(node["node_id"]))
    _write_nats(installation)
    _write_toml(installation.config("coordinator"), _coordinator_settings(installation, node))
    _write_toml(installation.config("edge"), _edge_settings(installation, centre, profile, level, steps_down))
    ask(installation.coordinator("check-config"))
    ask(installation.edge("check-config"))
    ask(installation.coordinator("migrate"))
    return installation


def admin_token(installation: Installation) -> str:
    """A new administrator's token for one day, also written to secrets/admin.token."""
    options = ("--role", "admin", "--subject", "proctorctl-up", "--minutes", "1440")
    token = ask(installation.coordinator("token", *options)).strip()
    _write_secret(installation.folder / "secrets" / "admin.token", token)
    return token


def _write_nats(installation: Installation) -> None:
    secrets_folder = installation.folder / "secrets"
    server = NatsServer(
        port=installation.ports.nats,
        store_folder=installation.folder / "jetstream",
        coordinator_password=_password(secrets_folder / "nats-coordinator"),
        node_passwords={installation.node_id: _password(secrets_folder / "nats-edge")},
    )
    _write_secret(installation.folder / "nats.conf", server_config(server))


def _coordinator_settings(installation: Installation, node: dict[str, str]) -> str:
    folder = installation.folder
    return (
        _line("data_folder", str(folder / "coordinator"))
        + "\n[nats]\n"
        + _line("url", f"nats://127.0.0.1:{installation.ports.nats}")
        + _line("user", COORDINATOR_USER)
        + _line("password_file", str(folder / "secrets" / "nats-coordinator"))
        + "\n[web]\n"
        + _line("host", "127.0.0.1")
        + _line("port", installation.ports.coordinator)
        + _line("public_url", installation.coordinator_url)
        + "\n[status]\n"
        + _line("port", installation.ports.coordinator_status)
        + "\n[[nodes]]\n"
        + _line("node_id", node["node_id"])
        + _line("region", "local")
        + _line("signing_key", node["signing_key"])
    )


def _edge_settings(
    installation: Installation, centre: dict[str, str], profile: str, level: str, steps_down: bool
) -> str:
    folder = installation.folder
    return (
        _line("region", "local")
        + _line("data_folder", str(folder / "edge"))
        + "\n[coordinator]\n"
        + _line("public_key", centre["signing_key"])
        + "\n[nats]\n"
        + _line("url", f"nats://127.0.0.1:{installation.ports.nats}")
        + _line("user", str(installation.node_id))
        + _line("password_file", str(folder / "secrets" / "nats-edge"))
        + "\n[web]\n"
        + _line("host", "127.0.0.1")
        + _line("port", installation.ports.edge)
        + _line("public_url", installation.edge_url)
        + f"allowed_origins = [{json.dumps(installation.coordinator_url)}]\n"
        + "\n[status]\n"
        + _line("port", installation.ports.edge_status)
        + "\n[media]\n"
        + "loopback_candidates = true\n"
        + "\n[analysis]\n"
        + _line("level", level)
        + f"steps_down = {json.dumps(steps_down)}\n"
        + _line("profile", profile)
    )


def _line(name: str, value: str | int) -> str:
    return f"{name} = {json.dumps(value)}\n"  # a JSON string or number is a TOML one as well


def _write_toml(path: Path, text: str) -> None:
    with writing_under(path):
        path.write_text(text)


def _password(path: Path) -> str:
    """The secret in this file, created on first use."""
    if not path.exists():
        _write_secret(path, secrets.token_urlsafe(32))
    return path.read_text().strip()


def _write_secret(path: Path, text: str) -> None:
    """Written atomically and never readable by others, not even for a moment."""
    draft = path.with_name(path.name + ".new")
    with writing_under(path):
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        draft.replace(path)
