"""Examples of the bodies of `shared.api.destinations`, for the API description."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

_ID: Final = "0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a69"
_FILTER: Final = {
    "kinds": ["alert.raised", "alert.cleared", "verdict.given", "verdict.withdrawn"],
    "event_classes": ["conduct", "identity"],
    "event_types": None,
    "details": ["explanation", "evidence"],
}
_GRPC: Final = {
    "certificate": "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQm\n-----END CERTIFICATE-----\n"
}
_LOGIN: Final = {"mechanism": "SCRAM-SHA-512", "username": "proctor", "password": "correct-horse"}
_KAFKA: Final = {
    "servers": ["k1.example.org:9093", "k2.example.org:9093"],
    "topic": "proctoring",
    "tls": True,
    "ca": None,
    "login": _LOGIN,
}
_DESTINATION: Final = {
    "destination_id": _ID,
    "kind": "webhook",
    "name": "Examination office",
    "url": "https://exams.example.org/hooks/proctoring",
    "filter": _FILTER,
    "created_at": "2025-12-12T14:00:00Z",
    "created_by": "alice",
    "paused_at": None,
    "paused_by": None,
    "failures": 0,
    "last_error": None,
    "next_try_at": None,
    "waiting": 3,
    "oldest_waiting_at": "2025-12-12T15:00:00Z",
    "dead_letters": 0,
    "former_secret_until": None,
}

DESTINATION_EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "WebhookRequest": {
            "name": "Examination office",
            "url": "https://exams.example.org/hooks/proctoring",
            "filter": _FILTER,
        },
        "WebhookOut": {
            "destination": _DESTINATION,
            "secret": "whsec_ZXhhbXBsZSBleGFtcGxlIGV4YW1wbGUgZXhhbXBsZSE=",
        },
        "DestinationRequest": {"name": "Data lake", "kafka": _KAFKA, "filter": _FILTER},
        "KafkaRequest": _KAFKA,
        "KafkaLogin": _LOGIN,
        "GrpcRequest": _GRPC,
        "CertificateRequest": {**_GRPC, "overlap_hours": 24},
        "DestinationFilter": _FILTER,
        "DestinationOut": _DESTINATION,
        "SecretRequest": {"overlap_hours": 24},
        "SecretOut": {
            "secret": "whsec_ZXhhbXBsZSBleGFtcGxlIGV4YW1wbGUgZXhhbXBsZSE=",
            "former_secret_until": "2025-12-13T14:00:00Z",
        },
        "DeliveryTestOut": {"delivered": False, "error": "status-500", "took_ms": 84.5},
        "DeliveryReplayRequest": {"since": "2025-12-12T14:00:00Z"},
        "DeliveryReplayOut": {"count": 12},
        "DeadLetterOut": {
            "delivery_id": "6f2f2b0a-6d53-5f5e-8f0e-7c1f4b1f9a2d",
            "kind": "alert.raised",
            "exam_session_id": "SESS-EXAM-CS101-CAND-12345",
            "subject_id": "5b0b6b1e-3c55-5c0e-9b43-0f6f6e2a9d11",
            "event_type": "MULTIPLE_FACES",
            "attempts": 10,
            "reason": "status-422",
            "noted_at": "2025-12-12T14:00:00Z",
            "dead_at": "2025-12-12T14:15:00Z",
        },
    }
)
