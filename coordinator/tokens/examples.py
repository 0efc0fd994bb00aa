"""Examples of the bodies of `shared.api.tokens`, for the API description."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

TOKEN_EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "TokenRequest": {"subject": "exam-platform", "role": "system", "lifetime_minutes": 60},
        "TokenResponse": {
            "token": "eyJhbGciOiJFZERTQSIsImtpZCI6IjczYjc0NzBjMDhkZWQ2MTcifQ.e30.c2ln",
            "token_id": "0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a69",
            "role": "system",
            "expires_at": "2025-12-12T15:00:00Z",
        },
        "TokenOut": {
            "token_id": "0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a69",
            "subject": "exam-platform",
            "role": "system",
            "key_id": "73b7470c08ded617",
            "issued_by": "alice",
            "issued_at": "2025-12-12T14:00:00Z",
            "expires_at": "2025-12-12T15:00:00Z",
            "revoked_at": None,
            "revoked_by": None,
        },
        "TokenKeyOut": {
            "key_id": "73b7470c08ded617",
            "public_key": "ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            "status": "active",
            "created_by": "alice",
            "created_at": "2025-12-12T14:00:00Z",
            "retired_at": None,
            "revoked_at": None,
        },
    }
)
