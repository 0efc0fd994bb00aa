"""Tokens for people and services in the database, without the tokens themselves. Flushes, never commits."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel import Session, col, delete, func, select, tuple_, update

from coordinator.ground.ids import uuid7
from coordinator.ground.own_keys import OwnKeys
from coordinator.tenants import service as tenants
from coordinator.tokens import key_service as token_keys
from coordinator.tokens.tables import IssuedToken, TokenKey
from coordinator.tokens.validity import KeyValidity, Validity
from coordinator.web_api.cursors import Cursor, cut
from shared.errors import Rejected
from shared.sealing import parse_signing_public
from shared.tokens import Claims, Role, issue

MAX_LIVING: Final = 10_000
"""The limit of unexpired tokens per institution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """A requested token."""

    tenant_id: UUID
    subject: str
    role: Role
    lifetime: timedelta
    issued_by: str
    now_utc: datetime


@dataclass(frozen=True, slots=True)
class TokenQuery:
    """Selects tokens of an institution; None does not filter."""

    tenant_id: UUID
    now_utc: datetime
    subject: str | None = None
    after: Cursor | None = None
    limit: int = 100


def make(db: Session, own: OwnKeys, wanted: NewToken) -> tuple[str, IssuedToken]:
    """Create a signed token and its row.

    Raises `Rejected` (409 `too-many-tokens`; 401, 404 where the institution is disabled or does not exist).
    """
    tenants.check_open(db, wanted.tenant_id)
    mine = col(IssuedToken.tenant_id) == wanted.tenant_id
    db.exec(delete(IssuedToken).where(mine, col(IssuedToken.expires_utc) <= wanted.now_utc))
    if db.exec(select(func.count()).select_from(IssuedToken).where(mine)).one() >= MAX_LIVING:
        raise Rejected(
            f"{MAX_LIVING} tokens are already valid; issue fewer, or wait until some have expired",
            code="too-many-tokens",
            status=409,
        )
    signer = token_keys.active(db, own, wanted.tenant_id)
    row = IssuedToken(
        id=uuid7(),
        tenant_id=wanted.tenant_id,
        subject=wanted.subject,
        role=wanted.role,
        kid=signer.kid,
        issued_by=wanted.issued_by,
        created_utc=wanted.now_utc,
        expires_utc=wanted.now_utc + wanted.lifetime,
    )
    db.add(row)
    db.flush()
    claims = Claims(subject=wanted.subject, role=wanted.role, tenant_id=wanted.tenant_id, token_id=row.id)
    token = issue(claims, signer.key, key_id=signer.kid, now_utc=wanted.now_utc, lifetime=wanted.lifetime)
    return token, row


def revoke(db: Session, tenant_id: UUID, token_id: UUID, by: str, now_utc: datetime) -> None:
    """Revoke a token. Raises `Rejected` (404 `token-unknown`)."""
    row = db.exec(
        select(IssuedToken).where(
            IssuedToken.tenant_id == tenant_id,
            IssuedToken.id == token_id,
            col(IssuedToken.expires_utc) > now_utc,
        )
    ).one_or_none()
    if row is None:
        raise Rejected("there is no token with this id", code="token-unknown", status=404)
    if row.revoked_utc is None:
        row.revoked_utc, row.revoked_by = now_utc, by
        db.add(row)
        db.flush()


def revoke_all(db: Session, tenant_id: UUID, by: str, now_utc: datetime) -> None:
    """Revoke every token of an institution."""
    living = (
        col(IssuedToken.tenant_id) == tenant_id,
        col(IssuedToken.expires_utc) > now_utc,
        col(IssuedToken.revoked_utc).is_(None),
    )
    db.exec(update(IssuedToken).where(*living).values(revoked_utc=now_utc, revoked_by=by))


def forget_candidates(
    db: Session, names: Collection[tuple[UUID, str]], instead: str, by: str, now_utc: datetime
) -> int:
    """Revoke the tokens of candidates, by institution and name, and take the names out of them: whoever
    comes under one of these names next is another person. Returns how many there were."""
    theirs = (
        col(IssuedToken.role) == Role.CANDIDATE,
        tuple_(col(IssuedToken.tenant_id), col(IssuedToken.subject)).in_(names),
    )
    living = update(IssuedToken).where(*theirs, col(IssuedToken.revoked_utc).is_(None))
    for change in (
        living.values(revoked_utc=now_utc, revoked_by=by),
        update(IssuedToken).where(*theirs).values(subject=instead),
    ):
        done = db.exec(change.execution_options(synchronize_session=False))
    return done.rowcount


def page(db: Session, query: TokenQuery) -> tuple[list[IssuedToken], Cursor | None]:
    """Tokens that have not expired, soonest to expire first, and the next page's cursor."""
    place = (col(IssuedToken.expires_utc), col(IssuedToken.id))
    wanted = select(IssuedToken).where(IssuedToken.tenant_id == query.tenant_id, place[0] > query.now_utc)
    if query.subject is not None:
        wanted = wanted.where(IssuedToken.subject == query.subject)
    if query.after is not None:
        wanted = wanted.where(tuple_(*place) > query.after)
    rows = db.exec(wanted.order_by(*place).limit(query.limit + 1)).all()
    shown, following = cut(rows, query.limit, lambda row: Cursor(row.expires_utc, row.id))
    return list(shown), following


def validity(db: Session, own: OwnKeys, now_utc: datetime) -> Validity:
    """The valid keys and tokens of every institution, and the list of institutions."""
    revoked = select(IssuedToken.id).where(
        col(IssuedToken.revoked_utc).is_not(None), col(IssuedToken.expires_utc) > now_utc
    )
    return Validity(
        own_kid=own.token_key_id,
        own=own.token.public_key(),
        keys={
            (row.tenant_id, row.kid): KeyValidity(
                parse_signing_public(row.public_key), row.retired_utc, row.revoked_utc
            )
            for row in db.exec(select(TokenKey))
        },
        revoked=frozenset(db.exec(revoked)),
        institutions=tenants.institutions(db),
    )
