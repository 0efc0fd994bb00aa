"""The keys of access tokens over REST: list, rotate, revoke."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Response
from pydantic import StringConstraints
from sqlmodel import Session

from coordinator.ground.own_keys import OwnKeys
from coordinator.idempotency.asked import AskedOnce
from coordinator.idempotency.doing import once
from coordinator.sessions.changing.rekeying import revoke_key
from coordinator.tokens import key_service as token_keys
from coordinator.tokens.tables import KID_CHARS, TokenKey
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import Now, PartsDep
from coordinator.web_api.rates import check_rate
from coordinator.web_api.security import AdminOrOperator
from shared.api.tokens import TokenKeyOut

router = APIRouter(prefix="/token-keys", tags=["tokens"])

KeyRef = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-f]+$", max_length=KID_CHARS),
    Path(description="The key's id, its `kid`."),
]


@router.get("", responses=problems(401, 403))
async def list_token_keys(claims: AdminOrOperator, parts: PartsDep) -> list[TokenKeyOut]:
    """List the keys that have signed the institution's tokens, oldest first. Until the first rotation this is
    the installation's own key."""
    rows = await parts.reading(lambda db: token_keys.listing(db, claims.tenant_id))
    return [_out(row) for row in rows] if rows else [_installations(parts.keys)]


@router.post("", status_code=201, responses=problems(401, 403, 409))
async def rotate_token_key(
    claims: AdminOrOperator, asked: AskedOnce, parts: PartsDep, now: Now
) -> TokenKeyOut:
    """Make a new key that signs from now on. Tokens of the key before stay valid until they expire; running
    sessions keep theirs."""
    check_rate(parts.rates.token, claims.bearer, parts.clock())

    def work(db: Session) -> TokenKeyOut:
        return _out(token_keys.rotate(db, parts.keys, claims.tenant_id, claims.subject, now))

    made = await once(parts, asked, TokenKeyOut, work)
    await parts.verifier.refresh()
    return made


@router.delete("/{key_id}", status_code=204, responses=problems(401, 403, 404, 409))
async def revoke_token_key(key_id: KeyRef, claims: AdminOrOperator, parts: PartsDep, now: Now) -> Response:
    """Make every token that a key has signed invalid, after it was stolen. This may include the caller's own.

    Running sessions go on with another key. Their nodes are told at once and accept no token of the old key.
    A page that is connected stays connected. A page that has to connect again needs a token of the new key,
    which its join link gives.
    """
    await revoke_key(parts, claims, key_id, now)
    return Response(status_code=204)


def _out(row: TokenKey) -> TokenKeyOut:
    return TokenKeyOut(
        key_id=row.kid,
        public_key=row.public_key,
        status=_status(row),
        created_by=row.created_by,
        created_at=row.created_utc,
        retired_at=row.retired_utc,
        revoked_at=row.revoked_utc,
    )


def _status(row: TokenKey) -> Literal["active", "retired", "revoked"]:
    if row.revoked_utc is not None:
        return "revoked"
    return "active" if row.retired_utc is None else "retired"


def _installations(own: OwnKeys) -> TokenKeyOut:
    return TokenKeyOut(
        key_id=own.token_key_id,
        public_key=own.token_text,
        status="active",
        created_by=None,
        created_at=None,
        retired_at=None,
        revoked_at=None,
    )
