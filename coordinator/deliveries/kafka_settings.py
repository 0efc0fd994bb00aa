"""Decides how a Kafka cluster is spoken to, and what its errors mean. Pure.

Names of settings and errors are those of librdkafka (CONFIGURATION.md, rdkafka.h).
"""

from __future__ import annotations

from typing import Any, Final

from coordinator.deliveries.outcomes import Ending, Outcome, trouble
from shared.api.destinations import KafkaRequest
from shared.canonical import canonical_json, parse_json
from shared.kafka_place import KafkaPlace

MOST_WAITING: Final = 1_000
"""Records in the library's queue."""
MOST_BYTES: Final = 1_000_000
REASON_CHARS: Final = 40
_MESSAGES_OWN: Final = frozenset(
    {"INVALID_RECORD", "MSG_SIZE_TOO_LARGE", "POLICY_VIOLATION", "RECORD_LIST_TOO_LARGE"}
)
"""Errors that refuse this record and would refuse it again."""
_REASONS: Final = {
    "_ALL_BROKERS_DOWN": "unreachable",
    "_MSG_TIMED_OUT": "timed-out",
    "_RESOLVE": "unreachable",
    "_SSL": "tls-failed",
    "_TIMED_OUT": "timed-out",
    "_TRANSPORT": "unreachable",
}


def access_text(request: KafkaRequest) -> str:
    """What is kept sealed of a cluster: its CA and the login."""
    return canonical_json(request.model_dump(mode="json", include={"ca", "login"})).decode()


def settings_of(place: KafkaPlace, access: str, timeout_s: float) -> dict[str, Any]:
    """The producer's settings. Records are written once and in order whatever the connection does."""
    known = parse_json(access.encode())
    settings: dict[str, Any] = {
        "bootstrap.servers": ",".join(map(str, place.servers)),
        "client.id": "proctor-edge",
        "enable.idempotence": True,
        "enable.sparse.connections": True,  # no broker is connected before something goes to it
        "linger.ms": 2,
        "log_level": 0,
        "message.max.bytes": MOST_BYTES,
        "message.timeout.ms": int(timeout_s * 1_000),
        "queue.buffering.max.messages": MOST_WAITING,
        "reconnect.backoff.max.ms": 1_000,
    }
    protocol = "SSL" if place.tls else "PLAINTEXT"
    if (login := known["login"]) is not None:
        protocol = f"SASL_{protocol}"
        settings["sasl.mechanisms"] = login["mechanism"]
        settings["sasl.username"] = login["username"]
        settings["sasl.password"] = login["password"]
    if place.tls and known["ca"] is not None:
        settings["ssl.ca.pem"] = known["ca"]
    return settings | {"security.protocol": protocol}


def outcome_of_error(name: str) -> Outcome:
    """What an error of the library or of a broker means, by its name."""
    if name in _MESSAGES_OWN:
        return Outcome(Ending.REFUSED, _word(name))
    return trouble(_REASONS.get(name) or _word(name))


def _word(name: str) -> str:
    return f"kafka-{name.strip('_').lower().replace('_', '-')}"[:REASON_CHARS]
