"""The configuration of the embedded nats-server, with the permissions of each user.

Pure. `proctorctl up` writes it for the server it starts; tests start real servers with the same text, so the
permissions that are tested are the ones that are used. The server listens on loopback only and has one
account. The text contains passwords, so a file of it must have mode 0600.

A node may publish alerts and heartbeats under its own id, subscribe to its own commands, marks and inbox, and
answer each command once; it has no access to JetStream's API. The coordinator may do everything: it creates
the stream.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from uuid import UUID

from shared import subjects
from shared.errors import ConfigError
from shared.events.types import Lane
from shared.sealing import MAX_MESSAGE_BYTES

COORDINATOR_USER = "coordinator"
REPLY_LIFETIME_S = 60
"""How long after a command its one reply is allowed."""
_PASSWORD = re.compile(r"[A-Za-z0-9_-]{16,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class NatsServer:
    """The settings of the embedded server."""

    port: int
    """TCP port on loopback; -1 lets the server choose a free one."""
    store_folder: PurePath
    """Where JetStream keeps its files."""
    coordinator_password: str
    node_passwords: Mapping[UUID, str]
    """Password per node; the node's id is its user name."""


def server_config(server: NatsServer) -> str:
    """The configuration file's text. Raises `ConfigError` for a password or path that cannot be quoted."""
    users: list[dict[str, object]] = [
        {"user": COORDINATOR_USER, "password": _checked(server.coordinator_password)}
    ]
    users += [_node_user(node, password) for node, password in sorted(server.node_passwords.items())]
    settings = {
        "host": "127.0.0.1",
        "port": server.port,
        "server_name": "proctor",
        "max_payload": MAX_MESSAGE_BYTES,
        "jetstream": {"store_dir": _quotable(str(server.store_folder))},
        "authorization": {"timeout": 5, "users": users},
    }
    return "".join(
        f"{name}: {json.dumps(value, indent=2, ensure_ascii=False)}\n" for name, value in settings.items()
    )


def node_permissions(node_id: UUID) -> dict[str, object]:
    """The permissions of one node's user: only its own subjects."""
    return {
        "publish": [*(subjects.alert(node_id, lane) for lane in Lane), subjects.heartbeat(node_id)],
        "subscribe": [
            subjects.commands(node_id),
            subjects.mark(node_id),
            f"{subjects.inbox_prefix(node_id)}.>",
        ],
        "allow_responses": {"max": 1, "expires": f"{REPLY_LIFETIME_S}s"},
    }


def _node_user(node_id: UUID, password: str) -> dict[str, object]:
    return {"user": str(node_id), "password": _checked(password), "permissions": node_permissions(node_id)}


def _checked(password: str) -> str:
    if not _PASSWORD.fullmatch(password):
        raise ConfigError("a NATS password must have 16 to 128 letters, digits, - or _")
    return password


def _quotable(path: str) -> str:
    if any(ord(c) < 32 or c in '"\\' for c in path):
        raise ConfigError("the NATS store folder's name contains a quote, a backslash or a control character")
    return path
