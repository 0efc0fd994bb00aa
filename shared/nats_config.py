"""The configuration of the embedded nats-server, and the permissions of a node's user at any hub.

Pure. `proctorctl up` writes it for the server it starts; tests start real servers with the same text. The
server listens on loopback only. Who may log in is a part that the coordinator gives.

A node may publish alerts, heartbeats and states of sessions under its own id, subscribe to its own commands,
marks and inbox, and answer each command once; it has no access to JetStream's API. The coordinator may do
everything: it creates the streams.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import PurePath
from uuid import UUID

from shared import subjects
from shared.errors import ConfigError
from shared.events.types import Lane
from shared.sealing import MAX_MESSAGE_BYTES

REPLY_LIFETIME_S = 60
"""How long after a command its one reply is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NatsServer:
    """The settings of the embedded server."""

    port: int
    """TCP port on loopback; -1 lets the server choose a free one."""
    store_folder: PurePath
    """Where JetStream keeps its files."""
    access: str
    """The part of the configuration that says who may log in."""


def server_config(server: NatsServer) -> str:
    """The configuration file's text. Raises `ConfigError` for a path that cannot be quoted."""
    settings = {
        "host": "127.0.0.1",
        "port": server.port,
        "server_name": "proctor",
        "max_payload": MAX_MESSAGE_BYTES,
        "jetstream": {"store_dir": _quotable(str(server.store_folder))},
    }
    own = "".join(
        f"{name}: {json.dumps(value, indent=2, ensure_ascii=False)}\n" for name, value in settings.items()
    )
    return own + server.access


def node_permissions(node_id: UUID) -> dict[str, object]:
    """The permissions of one node's user: only its own subjects."""
    return {
        "publish": [
            *(subjects.alert(node_id, lane) for lane in Lane),
            subjects.heartbeat(node_id),
            subjects.states_by(node_id),
        ],
        "subscribe": [
            subjects.commands(node_id),
            subjects.mark(node_id),
            f"{subjects.inbox_prefix(node_id)}.>",
        ],
        "allow_responses": {"max": 1, "expires": f"{REPLY_LIFETIME_S}s"},
    }


def _quotable(path: str) -> str:
    if any(ord(c) < 32 or c in '"\\' for c in path):
        raise ConfigError("the NATS store folder's name contains a quote, a backslash or a control character")
    return path
