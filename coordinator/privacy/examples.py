"""Examples of the bodies of `shared.api.privacy`, for the API description. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from coordinator.privacy.kept import KEPT

_REQUEST: Final = {
    "request_id": "0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a70",
    "candidate_id": "CAND-20231",
    "asked_at": "2025-12-20T09:00:00Z",
    "state": "waiting",
    "decided_at": None,
    "refusal": None,
}
_RECEIPT: Final = {
    "body": {
        "receipt": 1,
        "erasure_id": "0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a71",
        "number": 12,
        "tenant_id": "00000000-0000-7000-8000-000000000001",
        "candidate_uuid": "0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a72",
        "cause": "request",
        "decided_by": "dpo",
        "decided_at": "2025-12-21T10:00:00Z",
        "completed_at": "2025-12-21T10:00:01Z",
        "erased": {"alerts": 14, "faces": 5, "keys": 6, "pictures": 9, "sessions": 1},
        "recipients_told": 1,
        "nodes_told": 0,
        "kept": [one.model_dump() for one in KEPT],
    },
    "signing_key": "ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    "signature": "c2lnbmF0dXJl",
}
PRIVACY_EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "DeleteRequest": {"candidate_id": "CAND-20231", "end_running": False},
        "ExportRequest": {
            "candidate_id": "CAND-20231",
            "made_for": "the candidate, by its e-mail of 20 December",
        },
        "CorrectionRequest": {"candidate_id": "CAND-20231", "new_candidate_id": "CAND-20213"},
        "CorrectionOut": {
            "candidate_id": "CAND-20213",
            "candidate_uuid": "0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a72",
            "tokens_revoked": 1,
            "recipients_told": 1,
        },
        "SessionCorrectionRequest": {
            "exam_session_id": "SESS-CS110-CAND-20231",
            "new_exam_session_id": "SESS-CS101-CAND-20231",
        },
        "SessionCorrectionOut": {
            "exam_session_id": "SESS-CS101-CAND-20231",
            "session_uuid": "0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a73",
            "recipients_told": 1,
        },
        "OwnPrivacyOut": {
            "candidate_id": "CAND-20231",
            "known_since": "2025-12-01T08:00:00Z",
            "stored": {"alerts": 14, "faces": 5, "pictures": 9, "sessions": 1},
            "requests": [_REQUEST],
        },
        "ErasureRequestOut": _REQUEST,
        "PrivacyStatusOut": {
            "candidate_id": "CAND-20231",
            "candidate_uuid": "0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a72",
            "known_since": "2025-12-01T08:00:00Z",
            "consents": [],
            "acknowledgements": [],
            "lawful_bases": [
                {
                    "purpose": "camera-monitoring",
                    "required": True,
                    "basis": None,
                    "recorded_by": None,
                    "recorded_at": None,
                }
            ],
            "requests": [_REQUEST],
            "holds": [
                {"hold_id": "0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a73", "reason": "Case 2026/17", "until": None}
            ],
            "stored": {"alerts": 14, "faces": 5, "pictures": 9},
        },
        "ErasureDecision": {"granted": False, "refusal": "legal-claims"},
        "ErasureOut": {
            "status": "erased",
            "request": None,
            "erasure_id": "0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a71",
            "receipt": _RECEIPT,
        },
    }
)
