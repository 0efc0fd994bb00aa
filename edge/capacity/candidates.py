"""Makes the candidates of a measurement: their orders, tokens and face, all for nobody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import Field

from shared.messages.faces import Template
from shared.messages.message import Message
from shared.messages.sessions import StartSession
from shared.policy.schema import Policy
from shared.sealing import new_sealing_key, sealing_public_text, signing_public_text
from shared.tokens import Claims, Role, issue

LIFETIME: Final = timedelta(hours=1)


class SimulatedCandidate(Message):
    """One sender."""

    signaling_url: str
    token: str


class Sending(Message):
    """What the process of the senders is to do."""

    recording: str
    candidates: tuple[SimulatedCandidate, ...] = Field(min_length=1)
    apart_s: float
    """Between the beginnings of two senders."""


@dataclass(frozen=True)
class Applicants:
    """Makes orders under one policy, whose tokens it can issue."""

    policy: Policy
    templates: tuple[Template, ...]
    key: Ed25519PrivateKey

    def order(self) -> StartSession:
        """The order to watch one more candidate."""
        nobody = sealing_public_text(new_sealing_key().public_key())
        return StartSession(
            session_id=uuid4(),
            tenant_id=uuid4(),
            epoch=1,
            exam_session_id="bench",
            candidate_id="bench",
            exam_id="bench",
            policy=self.policy,
            templates=self.templates,
            seal_key_id=uuid4(),
            seal_key=nobody,
            evidence_key_id=uuid4(),
            evidence_key=nobody,
            token_key=signing_public_text(self.key.public_key()),
            expires_utc=datetime.now(UTC) + LIFETIME,
        )

    def token(self, session_id: UUID) -> str:
        """The token of one candidate's page."""
        claims = Claims(
            subject="bench", role=Role.CANDIDATE, tenant_id=uuid4(), session_id=session_id, device=None
        )
        return issue(claims, self.key, key_id="bench", now_utc=datetime.now(UTC), lifetime=LIFETIME)
