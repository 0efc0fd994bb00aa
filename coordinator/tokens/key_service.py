"""Keys that sign access tokens, in the database. Flushes, never commits.

Until an institution rotates its keys for the first time, the installation's key signs its tokens; afterwards
a key of its own does. A retired key signs no new tokens. When a key is revoked, every token that it signed
becomes invalid.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlmodel import Session, col, select

from coordinator.ground.ids import uuid7
from coordinator.ground.keyring import MASTER_VERSION
from coordinator.ground.own_keys import OwnKeys
from coordinator.ground.sealed_fields import Place
from coordinator.tenants import service as tenants
from coordinator.tokens.tables import TokenKey
from shared.errors import Corrupt, Rejected
from shared.sealing import private_bytes, signing_public_text
from shared.tokens import key_id_of

HALF_KEPT_FOR: Final = timedelta(days=7)
"""How long the private half of a retired key is kept, for the tokens of sessions that it signs for. No
session lasts longer."""
MAX_RECENT: Final = 20
"""The most new keys of one institution in that time."""


@dataclass(frozen=True, slots=True)
class Signer:
    """The key that signs a token."""

    kid: str
    key: Ed25519PrivateKey = field(repr=False)

    @property
    def public_text(self) -> str:
        """`ed25519:…`."""
        return signing_public_text(self.key.public_key())


def active(db: Session, own: OwnKeys, tenant_id: UUID) -> Signer:
    """The key that signs an institution's new tokens."""
    rows = _living(db, tenant_id)
    return _signer(own, rows[-1]) if rows else Signer(own.token_key_id, own.token)


def of_session(db: Session, own: OwnKeys, tenant_id: UUID, kid: str | None) -> Signer:
    """The key that signs the tokens of a session; `kid` is the session's `token_kid`.

    If that key was revoked, it is the next key of the institution that was not.
    """
    row = _in_place_of(db, own, tenant_id, kid)
    if row is None or row.kid == own.token_key_id:
        return Signer(own.token_key_id, own.token)
    return _signer(own, row)


def session_key_id(db: Session, own: OwnKeys, tenant_id: UUID, kid: str | None) -> str:
    """The `kid` of that key."""
    row = _in_place_of(db, own, tenant_id, kid)
    return own.token_key_id if row is None else row.kid


def _in_place_of(db: Session, own: OwnKeys, tenant_id: UUID, kid: str | None) -> TokenKey | None:
    """The key of a session, or its successor; None: the installation's own, which was never rotated."""
    rows = listing(db, tenant_id)
    wanted = kid or own.token_key_id
    place = next((number for number, row in enumerate(rows) if row.kid == wanted), None)
    if place is None:
        if kid is None:
            return None
        raise Corrupt("a session names a token key that does not exist")
    # Revoking the key that signs makes a new key first, so the last key of all is never revoked.
    return next(row for row in rows[place:] if row.revoked_utc is None)


def rotate(db: Session, own: OwnKeys, tenant_id: UUID, by: str, now_utc: datetime) -> TokenKey:
    """Retire the key that signs now and make a new one.

    Raises `Rejected` (409 `too-many-keys`; 401, 404 where the institution is disabled or does not exist).
    """
    tenants.check_open(db, tenant_id)
    rows = listing(db, tenant_id)
    if sum(row.created_utc > now_utc - HALF_KEPT_FOR for row in rows) >= MAX_RECENT:
        raise Rejected("too many new keys within a week; try again later", code="too-many-keys", status=409)
    if _find(db, tenant_id, own.token_key_id) is None:
        db.add(_own_row(own, tenant_id, by, now_utc))
    for row in rows:
        if row.retired_utc is None:
            row.retired_utc = now_utc
        elif row.retired_utc < now_utc - HALF_KEPT_FOR:
            row.wrapped = None
        db.add(row)
    made = _new(own, tenant_id, by, now_utc)
    db.add(made)
    db.flush()
    return made


def revoke(db: Session, own: OwnKeys, tenant_id: UUID, kid: str, by: str, now_utc: datetime) -> None:
    """Make every token that a key has signed invalid. If it is the key that signs now, make a new one first.

    Raises `Rejected` (404 `token-key-unknown`).
    """
    if active(db, own, tenant_id).kid == kid:
        rotate(db, own, tenant_id, by, now_utc)
    row = _find(db, tenant_id, kid)
    if row is None:
        raise Rejected("the institution has no token key with this id", code="token-key-unknown", status=404)
    row.wrapped = None
    row.revoked_utc = row.revoked_utc or now_utc
    db.add(row)
    db.flush()


def listing(db: Session, tenant_id: UUID) -> list[TokenKey]:
    """An institution's keys, oldest first; empty before its first rotation.

    The first rotation creates two rows of one instant: the retired one comes first.
    """
    order = (col(TokenKey.created_utc), col(TokenKey.retired_utc).is_(None), col(TokenKey.id))
    return list(db.exec(select(TokenKey).where(TokenKey.tenant_id == tenant_id).order_by(*order)))


def _living(db: Session, tenant_id: UUID) -> list[TokenKey]:
    return [row for row in listing(db, tenant_id) if row.retired_utc is None and row.revoked_utc is None]


def _find(db: Session, tenant_id: UUID, kid: str) -> TokenKey | None:
    wanted = select(TokenKey).where(TokenKey.tenant_id == tenant_id, TokenKey.kid == kid)
    return db.exec(wanted).one_or_none()


def _signer(own: OwnKeys, row: TokenKey) -> Signer:
    if row.wrapped is None:
        raise Corrupt("a token key's private half is missing")
    secret = own.keyring.unwrap(_place(row.id), row.wrapped)
    return Signer(row.kid, Ed25519PrivateKey.from_private_bytes(secret))


def _new(own: OwnKeys, tenant_id: UUID, by: str, now_utc: datetime) -> TokenKey:
    private, row_id = Ed25519PrivateKey.generate(), uuid7()
    public = signing_public_text(private.public_key())
    return TokenKey(
        id=row_id,
        tenant_id=tenant_id,
        kid=key_id_of(public),
        public_key=public,
        wrapped=own.keyring.wrap(_place(row_id), private_bytes(private)),
        master_version=MASTER_VERSION,
        created_by=by,
        created_utc=now_utc,
    )


def _own_row(own: OwnKeys, tenant_id: UUID, by: str, now_utc: datetime) -> TokenKey:
    """The row that says that the installation's key no longer signs for this institution."""
    return TokenKey(
        id=uuid7(),
        tenant_id=tenant_id,
        kid=own.token_key_id,
        public_key=own.token_text,
        wrapped=None,
        master_version=MASTER_VERSION,
        created_by=by,
        created_utc=now_utc,
        retired_utc=now_utc,
    )


def _place(row_id: UUID) -> Place:
    return Place("token_keys", "wrapped", row_id)
