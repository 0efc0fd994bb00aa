"""A believable `start` order, for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from shared.messages.faces import Template
from shared.messages.sessions import StartSession
from shared.policy.schema import Policy
from shared.sealing import new_sealing_key, sealing_public_text, signing_public_text
from shared.tokens import Claims, Role, issue
from tests.support.album import EVIDENCE_KEY


def start_order(
    *,
    session_id: UUID | None = None,
    epoch: int = 1,
    expires_utc: datetime | None = None,
    exam_key: X25519PrivateKey | None = None,
    token_key: Ed25519PrivateKey | None = None,
    policy: Policy | None = None,
    templates: tuple[Template, ...] = (),
) -> StartSession:
    return StartSession(
        session_id=session_id or uuid4(),
        tenant_id=uuid4(),
        epoch=epoch,
        exam_session_id="exam-session",
        candidate_id="candidate",
        exam_id="exam",
        policy=policy or Policy(),
        templates=templates,
        seal_key_id=uuid4(),
        seal_key=sealing_public_text((exam_key or new_sealing_key()).public_key()),
        evidence_key_id=uuid4(),
        evidence_key=sealing_public_text(EVIDENCE_KEY.public_key()),
        token_key=signing_public_text((token_key or Ed25519PrivateKey.generate()).public_key()),
        expires_utc=expires_utc or datetime.now(UTC) + timedelta(hours=1),
    )


def session_token(
    key: Ed25519PrivateKey,
    session_id: UUID | None,
    *,
    role: Role = Role.CANDIDATE,
    lifetime: timedelta = timedelta(hours=1),
    device: int | None = None,
) -> str:
    claims = Claims(subject="candidate", role=role, tenant_id=uuid4(), session_id=session_id, device=device)
    return issue(claims, key, key_id="test", now_utc=datetime.now(UTC), lifetime=lifetime)
