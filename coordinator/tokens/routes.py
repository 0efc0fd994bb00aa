"""POST /api/v1/tokens: an administrator makes access tokens for people and services of its institution."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter
from sqlmodel import Session

from coordinator.idempotency.asked import AskedOnce
from coordinator.idempotency.once import once
from coordinator.limits import check_rate
from coordinator.openapi import problems
from coordinator.parts import Now, PartsDep
from coordinator.security import Admin
from shared.api import TokenRequest, TokenResponse
from shared.tokens import Claims, Role, issue

router = APIRouter(tags=["tokens"])


@router.post("/tokens", status_code=201, responses=problems(401, 403, 409, 429))
async def create_token(
    body: TokenRequest, claims: Admin, asked: AskedOnce, parts: PartsDep, now: Now
) -> TokenResponse:
    """A token of one role for one subject; a candidate's subject is its candidate_id.

    Candidates are authenticated by the exam platform: it asks for their tokens here.
    """
    check_rate(parts.rates.token, f"{claims.tenant_id}:{claims.subject}", parts.clock())
    lifetime = timedelta(minutes=body.lifetime_minutes)

    def work(db: Session) -> TokenResponse:
        token = issue(
            Claims(subject=body.subject, role=Role(body.role), tenant_id=claims.tenant_id),
            parts.keys.token,
            key_id=parts.keys.token_key_id,
            now_utc=now,
            lifetime=lifetime,
        )
        return TokenResponse(token=token, role=body.role, expires_at=now + lifetime)

    return await once(parts, asked, TokenResponse, work)
