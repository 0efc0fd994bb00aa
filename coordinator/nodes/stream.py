"""Defines the settings of the stream of alerts and of its consumer. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from shared import subjects
from shared.errors import ConfigError
from shared.sealing import MAX_MESSAGE_BYTES

DUPLICATE_WINDOW_S: Final = 2 * 3_600
"""A repeated Nats-Msg-Id is dropped within this time; later repeats are harmless, because alerts are stored
by id."""
MAX_ACK_PENDING: Final = 1_024


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSettings:
    """How much the stream keeps, and how long it waits for an answer."""

    max_bytes: int
    max_age_s: float
    ack_wait_s: float = 30.0
    """A message that was neither acknowledged nor put off within this time is delivered again."""


def stream_config(settings: StreamSettings) -> dict[str, Any]:
    """The stream's settings. It only transports alerts; the record is in the nodes' outboxes."""
    return {
        "name": subjects.ALERT_STREAM,
        "subjects": [subjects.ALERT_SUBJECTS],
        "retention": "limits",
        "discard": "old",
        "storage": "file",
        "max_bytes": settings.max_bytes,
        "max_age": settings.max_age_s,
        "max_msg_size": MAX_MESSAGE_BYTES,
        "duplicate_window": DUPLICATE_WINDOW_S,
        "num_replicas": 1,
    }


def consumer_config(settings: StreamSettings) -> dict[str, Any]:
    """The durable pull consumer's settings. `arriving.ingest` limits how often a message is delivered."""
    return {
        "durable_name": subjects.ALERT_CONSUMER,
        "deliver_policy": "all",
        "ack_policy": "explicit",
        "ack_wait": settings.ack_wait_s,
        "max_deliver": -1,
        "max_ack_pending": MAX_ACK_PENDING,
    }


def require_same(asked: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
    """Check that the server kept all settings. Raises `ConfigError` with the names of those it did not."""
    differing = [name for name, value in asked.items() if kept.get(name) != value]
    if differing:
        raise ConfigError(
            f"the hub did not accept these settings of the stream of alerts: {', '.join(differing)}"
        )
