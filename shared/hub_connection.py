"""With what patience both programs keep their connection to the NATS hub. Values only, no client library."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from shared import subjects

CONNECT_TIMEOUT_S: Final = 5
PING_INTERVAL_S: Final = 10
"""A hub that answers no two pings in a row is away."""
FIRST_PAUSE_S: Final = 0.25
"""Between one connection and the next try; doubled with each that fails."""
LONGEST_PAUSE_S: Final = 10.0


def client_options(name: str, inbox_of: UUID | str) -> dict[str, Any]:
    """What nats-py's `Client.connect` is told beside address, credentials and callbacks.

    It never reconnects, for its own reconnecting may give up for good: each connection gets a new client.
    """
    return {
        "name": name,
        "inbox_prefix": subjects.inbox_prefix(inbox_of),
        "allow_reconnect": False,
        "max_reconnect_attempts": 1,  # else it tries 60 times before it says anything
        "reconnect_time_wait": 0,
        "connect_timeout": CONNECT_TIMEOUT_S,
        "ping_interval": PING_INTERVAL_S,
    }
