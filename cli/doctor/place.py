"""Where an installation's parts are, according to its configuration files."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from shared.errors import ConfigError
from shared.hub_address import servers_of

_HUB_PORT = 4222
_COORDINATOR_STATUS_PORT = 8001
_EDGE_STATUS_PORT = 8091


@dataclass(frozen=True, slots=True)
class Address:
    """A TCP port of this or another machine."""

    host: str
    port: int

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One installation; None for a part that no file mentions."""

    folder: Path | None
    """The data folder of `proctorctl up`."""
    coordinator_config: Path | None
    edge_config: Path | None
    hub: Address | None
    hub_url: str
    """Its address as configured; empty without one."""
    hub_ca: Path | None
    """The file of the CA that signed its certificate."""
    hub_own: Path | None
    """The file with the node's own certificate and key, which it shows there."""
    coordinator: Address | None
    """Its health, on the status port."""
    edge: Address | None
    """Its health, on the status port."""
    profile: str
    """The folder of weights."""


def find_place(folder: Path, coordinator: Path | None, edge: Path | None) -> Place:
    """The installation in a data folder of `up`, or the one these files configure.

    Raises `ConfigError` for a file that is not TOML.
    """
    kept = folder if folder.is_dir() else None
    if kept is not None:
        coordinator = coordinator or _existing(folder / "coordinator.toml")
        edge = edge or _existing(folder / "edge.toml")
    centre, node = _settings(coordinator), _settings(edge)
    nats = _section(centre or node, "nats")
    return Place(
        folder=kept,
        coordinator_config=coordinator,
        edge_config=edge,
        hub=_hub(nats) if centre or node else None,
        hub_url=str(nats.get("url", "")),
        hub_ca=_beside(coordinator or edge, nats.get("ca_file") or _fleets_ca(centre, node)),
        hub_own=_beside(edge, _membership(node, "node.pem")),
        coordinator=_status(centre, _COORDINATOR_STATUS_PORT) if coordinator else None,
        edge=_status(node, _EDGE_STATUS_PORT) if edge else None,
        profile=str(_section(node, "analysis").get("profile", "open")),
    )


def _existing(path: Path) -> Path | None:
    return path if path.is_file() else None


def _settings(path: Path | None) -> Mapping[str, Any]:
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read as TOML: {error}") from error


def _section(settings: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = settings.get(name)
    return found if isinstance(found, dict) else {}


def _beside(config: Path | None, name: object) -> Path | None:
    return None if config is None or name is None else config.parent / str(name)


def _fleets_ca(centre: Mapping[str, Any], node: Mapping[str, Any]) -> str | None:
    """The CA of the coordinator, where this machine has it and the hub is known by it."""
    if _section(centre, "nats").get("login") == "identity" and "data_folder" in centre:
        folder = Path(str(centre["data_folder"]))
        bundle = folder / "authorities.pem"  # there is one as soon as the CA has changed
        return str(bundle if bundle.exists() else folder / "ca.pem")
    return _membership(node, "ca.pem")


def _membership(node: Mapping[str, Any], name: str) -> str | None:
    """A file of what a node was given when it joined; None if it does not log in with that."""
    if "data_folder" not in node or "user" in _section(node, "nats"):
        return None
    return str(Path(str(node["data_folder"])) / "membership" / name)


def _hub(nats: Mapping[str, Any]) -> Address:
    parts = urlsplit(servers_of(str(nats.get("url", "")))[0])
    return Address(parts.hostname or "127.0.0.1", parts.port or _HUB_PORT)


def _status(settings: Mapping[str, Any], port: int) -> Address:
    status = _section(settings, "status")
    host = str(status.get("host", "127.0.0.1"))
    return Address("127.0.0.1" if host in ("0.0.0.0", "::") else host, int(status.get("port", port)))
