"""Defines the settings of the hub's streams, and of the consumer of alerts. Pure."""

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
STATES_AGE_S: Final = 1_800.0
"""An older state is removed. Its session goes on without it, as after a start."""
STATES_MAX_BYTES: Final = 2**29
"""Above this the oldest states are removed: thousands of sessions, of which each has a few pictures in it."""
STATES_DUPLICATE_WINDOW_S: Final = 10.0
"""States have no message id."""
CHECKPOINTS_MAX_BYTES: Final = 2**28
"""Half a million of them; above this the oldest go."""
CHECKPOINTS_OF_ONE: Final = 120_000
"""More than a year has at one in five minutes."""
MAX_ACK_PENDING: Final = 1_024
CLUSTER_REPLICAS: Final = 3
"""Copies in a hub that is a cluster: it goes on without any one of its servers."""
NOT_A_CLUSTER: Final = 10_074
"""The error code with which a single server refuses several copies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSettings:
    """How much the stream keeps, and how long it waits for an answer."""

    max_bytes: int
    max_age_s: float
    ack_wait_s: float = 30.0
    """A message that was neither acknowledged nor put off within this time is delivered again."""
    replicas: int | None = None
    """How many servers of the hub keep it; None: `CLUSTER_REPLICAS`, or the only one that there is."""
    placement_tags: tuple[str, ...] = ()
    """What a server must have to keep it."""


def stream_config(settings: StreamSettings, replicas: int) -> dict[str, Any]:
    """The stream's settings. It only transports alerts; the record is in the nodes' outboxes.

    Also what must not be set is named, so that a stream that somebody else changed is noticed and corrected.
    """
    return {
        **_common(settings, replicas),
        "name": subjects.ALERT_STREAM,
        "subjects": [subjects.ALERT_SUBJECTS],
        "storage": "file",
        "max_bytes": settings.max_bytes,
        "max_age": settings.max_age_s,
        "duplicate_window": DUPLICATE_WINDOW_S,
        "max_msgs_per_subject": -1,
    }


def states_config(settings: StreamSettings, replicas: int) -> dict[str, Any]:
    """The settings of the stream of sessions' states, with the last one of each node and session.

    It is kept in memory: nodes send the next one within seconds, and what is removed is gone.
    """
    return {
        **_common(settings, replicas),
        "name": subjects.STATE_STREAM,
        "subjects": [subjects.STATE_SUBJECTS],
        "storage": "memory",
        "max_bytes": STATES_MAX_BYTES,
        "max_age": STATES_AGE_S,
        "duplicate_window": STATES_DUPLICATE_WINDOW_S,
        "max_msgs_per_subject": 1,
    }


def checkpoints_config(settings: StreamSettings, replicas: int) -> dict[str, Any]:
    """The settings of the stream of the audit log's checkpoints, which must outlive the database."""
    return {
        **_common(settings, replicas),
        "name": subjects.CHECKPOINT_STREAM,
        "subjects": [subjects.CHECKPOINT_SUBJECTS],
        "storage": "file",
        "max_bytes": CHECKPOINTS_MAX_BYTES,
        "max_age": 0.0,
        "duplicate_window": DUPLICATE_WINDOW_S,
        "max_msgs_per_subject": CHECKPOINTS_OF_ONE,
        "deny_delete": True,
        "deny_purge": True,
    }


def _common(settings: StreamSettings, replicas: int) -> dict[str, Any]:
    tags = list(settings.placement_tags)
    return {
        "retention": "limits",
        "discard": "old",
        "max_msg_size": MAX_MESSAGE_BYTES,
        "num_replicas": replicas,
        "placement": {"cluster": None, "tags": tags} if tags else None,
        "max_msgs": -1,
        "discard_new_per_subject": False,
        "no_ack": False,
        "sealed": False,
        "mirror": None,
        "sources": None,
        "republish": None,
        "subject_transform": None,
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


def differing(asked: Mapping[str, Any], kept: Mapping[str, Any]) -> list[str]:
    """The names of the settings that the server keeps otherwise than asked."""
    return [name for name, value in asked.items() if kept.get(name) != value]


def require_same(asked: Mapping[str, Any], kept: Mapping[str, Any], what: str = "alerts") -> None:
    """Check that the server kept all settings. Raises `ConfigError` with the names of those it did not."""
    if names := differing(asked, kept):
        raise ConfigError(
            f"the hub did not accept these settings of the stream of {what}: {', '.join(names)}"
        )
