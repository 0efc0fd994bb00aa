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
    hub_url: str

    @property
    def password_file(self) -> PurePath:
        """Where the node's password for the hub is to be written."""
        return self.data_folder / "hub-password"


def settings_text(joined: Joined) -> str:
    """The settings as TOML; all else has a default."""
    return (
        _line("region", joined.region)
        + _line("data_folder", str(joined.data_folder))
        + "\n[coordinator]\n"
        + _line("public_key", joined.signing_key)
        + "\n[nats]\n"
        + _line("url", joined.hub_url)
        + _line("user", str(joined.node_id))
        + _line("password_file", str(joined.password_file))
    )


def _line(name: str, value: str) -> str:
    return f"{name} = {json.dumps(value)}\n"  # a JSON string is a TOML one as well
