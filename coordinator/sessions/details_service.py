"""What is sealed with a session, the caller's data and the candidate's accommodation; its policy with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlmodel import Session

from coordinator.ground.keyring import Keyring
from coordinator.ground.sealed_fields import Place
from coordinator.keys import service as keys
from coordinator.keys.tables import Key
from coordinator.sessions.tables import ExamSession
from shared.policy.schema import Policy

CANDIDATE_TERMS: Final = "candidate_terms"
"""Key in a session's sealed details for the candidate's accommodation (a dump of `Policy.candidate`)."""


def seal_details(keyring: Keyring, key: Key, session_id: UUID, details: Mapping[str, Any]) -> bytes:
    """The caller's data and the candidate's accommodation, for `sessions.details_sealed`."""
    return keyring.seal_field(key, _details_place(session_id), json.dumps(details).encode())


def open_details(keyring: Keyring, key: Key, session: ExamSession) -> dict[str, Any]:
    """Open the details sealed by `seal_details`."""
    plain = keyring.open_field(key, _details_place(session.id), session.details_sealed)
    details: dict[str, Any] = json.loads(plain)
    return details


def effective_policy(db: Session, keyring: Keyring, session: ExamSession) -> Policy:
    """A session's policy with its candidate's accommodation.

    The accommodation is sealed: muted detectors may reveal a person's health.
    """
    key = keys.get(db, session.tenant_id, session.data_key_id)
    details = open_details(keyring, key, session)
    return Policy.model_validate({**session.policy, "candidate": details.get(CANDIDATE_TERMS)})


def _details_place(session_id: UUID) -> Place:
    return Place("sessions", "details_sealed", session_id)
