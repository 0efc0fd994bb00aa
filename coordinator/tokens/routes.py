"""Access tokens over REST: an administrator creates, lists and revokes those of its institution, an operator
those of operators."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from sqlmodel import Session

from coordinator.idempotency.asked import AskedOnce
from coordinator.idempotency.doing import once
from coordinator.tokens import service as tokens
from coordinator.tokens.service import NewToken, TokenQuery
from coordinator.tokens.tables import IssuedToken
from coordinator.web_api.cursors import PageParams, write_cursor
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import Now, PartsDep
from coordinator.web_api.rates import check_rate
from coordinator.web_api.security import AdminOrOperator
from shared.api.tokens import TokenOut, TokenPage, TokenRequest, TokenResponse
from shared.errors import Rejected
from shared.fields import Reference
from shared.tokens import Claims, Role

router = APIRouter(prefix="/tokens", tags=["tokens"])

TokenRef = Annotated[UUID, Path(description="The token's id, its `jti`.")]


class TokenFilters(PageParams):
    """Query parameters; omitted ones do not filter."""

    subject: Reference | None = None


@router.post("", status_code=201, responses=problems(401, 403, 409))
async def create_token(
    body: TokenRequest, claims: AdminOrOperator, asked: AskedOnce, parts: PartsDep, now: Now
) -> TokenResponse:
    """Create a token with one role for one subject; a candidate's subject is its candidate_id.

    Candidates are authenticated by the exam platform, which requests their tokens here. Only operators can
    create operators' tokens, and they can create no others.
    """
    _check_may_give(claims, Role(body.role))
    check_rate(parts.rates.token, claims.bearer, parts.clock())
    wanted = NewToken(
        tenant_id=claims.tenant_id,
        subject=body.subject,
        role=Role(body.role),
        lifetime=timedelta(minutes=body.lifetime_minutes),
        issued_by=claims.subject,
        now_utc=now,
    )

    def work(db: Session) -> TokenResponse:
        token, row = tokens.make(db, parts.keys, wanted)
        return TokenResponse(token=token, token_id=str(row.id), role=row.role, expires_at=row.expires_utc)

    # The token names the candidate, so a kept answer is erased with the candidate's data.
    about = (lambda _: wanted.subject) if wanted.role is Role.CANDIDATE else None
    return await once(parts, asked, TokenResponse, work, about)


@router.get("", responses=problems(401, 403))
async def list_tokens(
    filters: Annotated[TokenFilters, Query()], claims: AdminOrOperator, parts: PartsDep, now: Now
) -> TokenPage:
    """Tokens that have not expired, soonest to expire first; without the tokens themselves.

    Session tokens are not listed: they end with their session.
    """
    query = TokenQuery(claims.tenant_id, now, filters.subject, filters.after, filters.limit)
    rows, following = await parts.reading(lambda db: tokens.page(db, query))
    return TokenPage(items=[_out(row) for row in rows], next_cursor=write_cursor(following))


@router.delete("/{token_id}", status_code=204, responses=problems(401, 403, 404))
async def revoke_token(token_id: TokenRef, claims: AdminOrOperator, parts: PartsDep, now: Now) -> Response:
    """Revoke a token: it is refused from now on, at other replicas within five seconds."""
    await parts.writing(lambda db: tokens.revoke(db, claims.tenant_id, token_id, claims.subject, now))
    await parts.verifier.refresh()
    return Response(status_code=204)


def _check_may_give(claims: Claims, role: Role) -> None:
    if (role is Role.OPERATOR) is not (claims.role is Role.OPERATOR):
        raise Rejected(
            f"the role {claims.role} may not create tokens of the role {role}",
            code="role-forbidden",
            status=403,
        )


def _out(row: IssuedToken) -> TokenOut:
    return TokenOut(
        token_id=str(row.id),
        subject=row.subject,
        role=row.role,
        key_id=row.kid,
        issued_by=row.issued_by,
        issued_at=row.created_utc,
        expires_at=row.expires_utc,
        revoked_at=row.revoked_utc,
        revoked_by=row.revoked_by,
    )
