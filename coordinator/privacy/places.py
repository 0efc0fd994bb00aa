"""What becomes of every table when a person is erased. Pure.

Each table of the schema is in exactly one of the three lists; a test holds them complete, down to the columns
of tables whose rows stay. So a new table or column cannot be forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

ERASED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "verdict_findings": "reviews",
        "review_acts": "reviews",
        "incident_alerts": "incidents",
        "incidents": "incidents",
        "evidence": "pictures",
        "feature_batches": "features",
        "alerts": "alerts",
        "parked_messages": "alerts",
        "deliveries": "deliveries",
        "session_policies": "changes",
        "join_codes": "links",
        "session_devices": "devices",
        "acknowledgements": "consents",
        "consents": "consents",
        "face_pairs": "faces",
        "practice_checks": "faces",
        "templates": "faces",
        "enrollment_pictures": "faces",
        "enrollments": "faces",
        "accommodations": "accommodations",
        "former_references": "names",
        "kept_answers": "answers",
        "legal_holds": "holds",
    }
)
"""Tables whose rows about the person are deleted, with the kind under which they are counted."""

EMPTIED: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "candidates": frozenset({"reference"}),
        "sessions": frozenset(
            {
                "reference", "exam_reference", "enrollment_id", "policy", "signaling_url", "whip_url",
                "details_sealed", "withheld", "ungrouped_utc", "unwatched", "page", "page_since_utc",
                "page_came_utc", "camera_trouble", "camera_trouble_utc",
            }
        ),
        "keys": frozenset({"wrapped", "public_key", "scope"}),
        "tokens": frozenset({"subject"}),
    }
)  # fmt: skip
"""Tables whose rows about the person stay as tombstones, and their columns that are emptied. Nothing else in
them is about a person but by a random id."""

KEPT_COLUMNS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "candidates": frozenset({"id", "tenant_id", "created_utc", "erased_utc"}),
        "sessions": frozenset(
            {
                "id", "tenant_id", "candidate_id", "seal_key_id", "data_key_id", "policy_version", "device",
                "token_kid", "started_utc", "begins_utc", "expires_utc", "ended_utc", "terminated_utc",
                "paused_utc", "erased_utc",
            }
        ),
        "keys": frozenset(
            {
                "id", "tenant_id", "candidate_id", "kind", "retention_class", "master_version",
                "created_utc", "destroyed_utc",
            }
        ),
        "tokens": frozenset(
            {
                "id", "tenant_id", "role", "kid", "issued_by", "created_utc", "expires_utc", "revoked_utc",
                "revoked_by",
            }
        ),
    }
)  # fmt: skip
"""The other columns of tombstones: random ids and instants, nothing that a person filled in."""

KEPT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "assignments": "random ids of session and node: late messages are checked against them",
        "audit_checkpoints": "hashes and signatures",
        "audit_entries": "a person by a random id; staff sealed under the key of a year",
        "audit_heads": "hashes",
        "audit_keys": "keys of institutions and years",
        "destination_secrets": "secrets of an institution's systems",
        "destinations": "an institution's systems",
        "erased_sessions": "random ids: what comes late is refused by them",
        "erasure_requests": "random ids and words",
        "erasures": "the journal: random ids",
        "exam_networks": "of exams; the names in them are of staff",
        "exams": "about nobody, as their description demands",
        "former_masters": "of master keys",
        "join_tokens": "of nodes",
        "lane_marks": "of nodes' outboxes",
        "node_certificates": "of nodes",
        "node_settings": "of nodes; the names in them are of staff",
        "nodes": "of nodes",
        "policies": "of exams; the names in them are of staff",
        "refused_alerts": "random ids and words",
        "retention_leases": "which coordinator erases",
        "retention_tallies": "numbers of institutions",
        "rollout_sessions": "random ids and numbers",
        "rollouts": "of networks; the names in them are of staff",
        "tenants": "institutions",
        "token_keys": "keys of institutions",
        "used_tickets": "random ids",
    }
)
"""Tables that hold nothing of a candidate, with the reason."""


def tombstone(row_id: object) -> str:
    """What stands in place of a name: no identifier of an institution begins so."""
    return f"~{row_id}"
