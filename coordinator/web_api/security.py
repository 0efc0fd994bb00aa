"""Authenticates callers and checks their roles, as annotated dependencies.

    Anyone      any valid token
    Staff       proctor, system, admin
    Reviewer    proctor, admin: people, not programs
    Service     system, admin
    Admin       admin
    Operator    operator: manages institutions, sees nothing personal
    Privacy     system, admin, dpo
    Auditor     admin, dpo
    Dpo         dpo
    …OrPrivacy  the same, or dpo
    …OrSelf     the same, or the candidate with a token of its own
    …OrSession  the same, or the candidate's session with the session's token

Where candidates may ask, the route then calls `check_own_…` with the row it found: a candidate may access
only its own data and session (403 `not-yours`). Data of another institution is not found (404): every query
filters by the token's tenant.

A session's token is only valid for its own session and while that runs. All other routes refuse it (403
`session-token`). After the session's end it is refused everywhere (401 `session-ended`, `session-expired`),
and so is a token that a device got by its link, once another device has replaced that one (401
`device-moved`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection

from coordinator.ground.acting import current
from coordinator.web_api.parts import Now, Parts, PartsDep
from coordinator.web_api.rates import check_rate
from shared.api.exams import Acknowledged
from shared.errors import Rejected
from shared.tokens import Claims, Role, hint, invalid

READING: Final = frozenset({"GET", "HEAD"})
POLLED: Final = frozenset({"look_at_link"})
"""Reads too, although a code in the body makes it a POST; a waiting page repeats it."""

_bearer = HTTPBearer(
    auto_error=False,
    bearerFormat="JWT",
    description="An EdDSA token of this coordinator, or one of a configured OpenID Connect issuer.",
)


async def verify_token(parts: Parts, token: str) -> Claims:
    """Verify a token, ours or an external issuer's. Raises `Rejected` (401) and `Unavailable`."""
    issuer = parts.issuers.get(hint(token).issuer)
    if issuer is None:
        return parts.verifier.verify(token)
    claims = await issuer.verify(token)
    parts.verifier.check_standing(claims)
    return claims


def check_still_good(parts: Parts, claims: Claims) -> None:
    """Raises `Rejected` (401) if a verified token was revoked since, or its institution was disabled. Tokens
    of external issuers cannot be revoked here; they end with their expiry or with the institution."""
    if claims.key_id is not None:
        parts.verifier.check(claims)
    else:
        parts.verifier.check_standing(claims)


async def check_session_runs(parts: Parts, claims: Claims, now_utc: datetime) -> None:
    """Raises `Rejected` (401) for the token of a session that is over or does not exist, or of a device that
    another has replaced."""
    if claims.session_id is None:
        return
    if claims.role is not Role.CANDIDATE:
        raise invalid()
    await parts.reading(lambda db: parts.check_session(db, claims, now_utc))


def bearer_of(connection: HTTPConnection) -> str:
    """The bearer token in a request's header, empty if there is none."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


async def principal(
    parts: PartsDep, now: Now, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Claims:
    """The verified bearer of this request. Raises `Rejected` (401; 429 for too many requests)."""
    claims = await verify_token(parts, credentials.credentials if credentials else "")
    charge(parts, claims)
    await check_session_runs(parts, claims, now)
    name_bearer(claims)
    return claims


def name_bearer(claims: Claims) -> None:
    """Say in the audit log's entry who asks."""
    present = current()
    if present is not None:
        present.claims = claims


async def name_act(connection: HTTPConnection) -> None:
    """Dependency of every route: says in the audit log's entry what is asked for. Sockets only read."""
    present, scope = current(), connection.scope
    if present is not None:
        present.act = scope["route"].name
        present.reads_only = scope.get("method", "GET") in READING or present.act in POLLED


def charge(parts: Parts, claims: Claims) -> None:
    """Count one request of this bearer. Raises `Rejected` (429) when it asks too often."""
    buckets = parts.rates.candidate if claims.role is Role.CANDIDATE else parts.rates.bearer
    check_rate(buckets, claims.bearer, parts.clock())


Anyone = Annotated[Claims, Depends(principal)]


def _allow(*roles: Role, session_tokens: bool = False) -> Callable[[Claims], Awaitable[Claims]]:
    async def allowed(claims: Anyone) -> Claims:
        if claims.role not in roles:
            raise Rejected(
                f"the role {claims.role} may not do this; required: {' or '.join(sorted(roles))}",
                code="role-forbidden",
                status=403,
            )
        if claims.session_id is not None and not session_tokens:
            raise Rejected(
                "a session's token serves its own session only; use the candidate's own token for this",
                code="session-token",
                status=403,
            )
        return claims

    return allowed


Admin = Annotated[Claims, Depends(_allow(Role.ADMIN))]
Operator = Annotated[Claims, Depends(_allow(Role.OPERATOR))]
AdminOrOperator = Annotated[Claims, Depends(_allow(Role.ADMIN, Role.OPERATOR))]
StaffOrOperator = Annotated[Claims, Depends(_allow(Role.ADMIN, Role.PROCTOR, Role.SYSTEM, Role.OPERATOR))]
Staff = Annotated[Claims, Depends(_allow(Role.ADMIN, Role.PROCTOR, Role.SYSTEM))]
Reviewer = Annotated[Claims, Depends(_allow(Role.ADMIN, Role.PROCTOR))]
Service = Annotated[Claims, Depends(_allow(Role.ADMIN, Role.SYSTEM))]
Auditor = Annotated[Claims, Depends(_allow(Role.ADMIN, Role.DPO))]
Dpo = Annotated[Claims, Depends(_allow(Role.DPO))]
DpoOrSession = Annotated[Claims, Depends(_allow(Role.DPO, Role.CANDIDATE, session_tokens=True))]
Privacy = Annotated[Claims, Depends(_allow(Role.ADMIN, Role.SYSTEM, Role.DPO))]
StaffOrPrivacy = Annotated[Claims, Depends(_allow(Role.ADMIN, Role.PROCTOR, Role.SYSTEM, Role.DPO))]
_STAFF_OR_CANDIDATE = (Role.ADMIN, Role.PROCTOR, Role.SYSTEM, Role.CANDIDATE)
_PRIVACY_OR_CANDIDATE = (Role.ADMIN, Role.SYSTEM, Role.DPO, Role.CANDIDATE)
StaffOrSelf = Annotated[Claims, Depends(_allow(*_STAFF_OR_CANDIDATE))]
StaffOrSession = Annotated[Claims, Depends(_allow(*_STAFF_OR_CANDIDATE, session_tokens=True))]
ServiceOrSelf = Annotated[Claims, Depends(_allow(Role.ADMIN, Role.SYSTEM, Role.CANDIDATE))]
PrivacyOrSelf = Annotated[Claims, Depends(_allow(*_PRIVACY_OR_CANDIDATE))]
PrivacyOrSession = Annotated[Claims, Depends(_allow(*_PRIVACY_OR_CANDIDATE, session_tokens=True))]
CandidateOrSession = Annotated[Claims, Depends(_allow(Role.CANDIDATE, session_tokens=True))]


def check_own_candidate(claims: Claims, reference: str) -> None:
    """Raises `Rejected` (403) if a candidate asks about another candidate."""
    if claims.role is Role.CANDIDATE and claims.subject != reference:
        raise not_yours()


def check_own_session(claims: Claims, session_id: UUID, candidate_reference: str) -> None:
    """Raises `Rejected` (403) if a candidate's token is not for this session."""
    check_own_candidate(claims, candidate_reference)
    if claims.session_id is not None and claims.session_id != session_id:
        raise not_yours()


def check_own_word(claims: Claims, acknowledged: Acknowledged | None) -> None:
    """Raises `Rejected` (403) when a candidate says that it acknowledged something on paper."""
    if acknowledged is not None and acknowledged.on_paper and claims.role is Role.CANDIDATE:
        raise Rejected("only staff record what was said on paper", code="on-paper-by-staff", status=403)


def not_yours() -> Rejected:
    """The refusal of access to another person's data."""
    return Rejected("this belongs to another candidate or session", code="not-yours", status=403)
