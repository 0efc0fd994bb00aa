"""Heartbeats of a node that is well and has nothing to do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from shared.messages.heartbeats import Heartbeat


def idle_heartbeat(node_id: UUID, sealing_key: str, **about: Any) -> Heartbeat:
    """What a node says of itself now; `about`: its other fields."""
    return Heartbeat(
        **{
            "node_id": node_id,
            "boot_id": uuid4(),
            "sent_utc": datetime.now(UTC),
            "region": "eu-west",
            "sealing_key": sealing_key,
            "signaling_url": "ws://127.0.0.1:8100/signal",
            "health": 10,
            "level": 1,
            "rating": 10,
            "device": "cpu-test",
            "models": {},
            "recognisers": (),
            "outbox": (),
            **about,
        }
    )
