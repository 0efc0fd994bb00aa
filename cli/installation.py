"""A whole installation on one machine, in one data folder: nats-server, coordinator, one edge node.

    <data>/nats.conf, hub/                the embedded server, its store, accounts and certificate
    <data>/coordinator.toml, coordinator/ configuration, keys, database
    <data>/edge.toml, edge/               configuration, identity, membership, outbox
    <data>/secrets/                       the admin token, 0600
    <data>/logs/                          one log per program
    <data>/lock                           held while `up` runs

The node joins as nodes on other machines do, and all speak TLS with the hub. Secrets are kept in files of
mode 0600 and handed over by file name or standard input, never on a command line.
"""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Final
from uuid import UUID

from cli.client import Client
from cli.programs import ask, demanded_port, find_nats_server, find_program, free_port
from shared.api.memberships import JoinTokenRequest
from shared.errors import ConfigError
from shared.nats_config import NatsServer, server_config
from shared.writing import writing_under

_HUB_HOST: Final = "127.0.0.1"
_REGION: Final = "local"
_NODE_NAME: Final = "this machine"


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
        for part in ("logs", "secrets", "hub", "coordinator", "edge"):
            (folder / part).mkdir(parents=True, exist_ok=True, mode=0o700)
    node = json.loads(ask([binaries.edge, "identity", "--data", folder / "edge"]))
    centre = json.loads(ask([binaries.coordinator, "init", "--data", folder / "coordinator"]))
    installation = Installation(folder, binaries, ports, UUID(node["node_id"]))
    _write_toml(installation.config("coordinator"), _coordinator_settings(installation))
    _write_toml(installation.config("edge"), _edge_settings(installation, centre, profile, level, steps_down))
    _write_nats(installation)
    ask(installation.coordinator("migrate"))
    return installation


def join(installation: Installation) -> None:
    """Let the node join the coordinator, which must run; once, or again when that has another CA."""
    known = installation.folder / "edge" / "membership" / "ca.pem"
    ours = [path.read_text() for path in (installation.folder / "coordinator").glob("ca*.pem")]
    if not known.exists() or not any(certificate in known.read_text() for certificate in ours):
        wanted = JoinTokenRequest(region=_REGION, name=_NODE_NAME)
        with Client(installation.coordinator_url, _token(installation, "operator", minutes=5)) as client:
            token = client.memberships.create_token(wanted).token
        joining: list[str | Path] = [installation.binaries.edge, "join", installation.coordinator_url]
        ask([*joining, "--token-file", "-", "--data", installation.folder / "edge"], said=token + "\n")
    ask(installation.edge("check-config"))


def admin_token(installation: Installation) -> str:
    """A new administrator's token for one day, also written to secrets/admin.token."""
    token = _token(installation, "admin", minutes=1_440)
    _write_secret(installation.folder / "secrets" / "admin.token", token)
    return token


def _token(installation: Installation, role: str, *, minutes: int) -> str:
    options = ("--role", role, "--subject", "proctorctl-up", "--minutes", str(minutes))
    return ask(installation.coordinator("token", *options)).strip()


def _write_nats(installation: Installation) -> None:
    hub = installation.folder / "hub"
    names = ("--name", _HUB_HOST, "--name", "localhost")
    options = ("--out", hub / "tls", "--settings", hub / "accounts")
    access = ask(installation.coordinator("hub-certificate", *names, *options))
    server = NatsServer(port=installation.ports.nats, store_folder=hub / "store", access=access)
    _write_secret(installation.folder / "nats.conf", server_config(server))


def _coordinator_settings(installation: Installation) -> str:
    return (
        _line("data_folder", str(installation.folder / "coordinator"))
        + "\n[nats]\n"
        + _line("url", f"tls://{_HUB_HOST}:{installation.ports.nats}")
        + _line("login", "identity")
        + "\n[web]\n"
        + _line("host", "127.0.0.1")
        + _line("port", installation.ports.coordinator)
        + _line("public_url", installation.coordinator_url)
        + "\n[status]\n"
        + _line("port", installation.ports.coordinator_status)
    )


def _edge_settings(
    installation: Installation, centre: dict[str, str], profile: str, level: str, steps_down: bool
) -> str:
    return (
        _line("region", _REGION)
        + _line("data_folder", str(installation.folder / "edge"))
        + "\n[coordinator]\n"
        + _line("public_key", centre["signing_key"])
        + _line("url", installation.coordinator_url)
        + "\n[nats]\n"
        + _line("url", f"tls://{_HUB_HOST}:{installation.ports.nats}")
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


def _write_secret(path: Path, text: str) -> None:
    """Written atomically and never readable by others, not even for a moment."""
    draft = path.with_name(path.name + ".new")
    with writing_under(path):
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        draft.replace(path)
