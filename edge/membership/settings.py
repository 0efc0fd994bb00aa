"""The settings file of a node that has just joined. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import PurePath
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """What the settings say of a membership."""

    node_id: UUID
    region: str
    data_folder: PurePath
    signing_key: str
    """The coordinator's."""
    coordinator_url: str
    hub_url: str
    by_password: bool
    """Whether the hub has users with passwords, instead of taking what the node is given."""

    @property
    def password_file(self) -> PurePath:
        """Where the node's password for the hub is to be written."""
        return self.data_folder / "hub-password"


def settings_text(joined: Joined) -> str:
    """The settings as TOML; all else has a default."""
    by_password = _line("user", str(joined.node_id)) + _line("password_file", str(joined.password_file))
    return (
        _line("region", joined.region)
        + _line("data_folder", str(joined.data_folder))
        + "\n[coordinator]\n"
        + _line("public_key", joined.signing_key)
        + _line("url", joined.coordinator_url)
        + "\n[nats]\n"
        + _line("url", joined.hub_url)
        + (by_password if joined.by_password else "")
    )


def _line(name: str, value: str) -> str:
    return f"{name} = {json.dumps(value)}\n"  # a JSON string is a TOML one as well
