"""Bodies of the REST API for access tokens and the keys that sign them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from shared.api.bodies import Request, Response
from shared.fields import Count, Reference, Utc
from shared.tokens import Role


class TokenRequest(Request):
    subject: Reference
    """A user's or service's name; a candidate's candidate_id."""
    role: Literal["candidate", "proctor", "admin", "system", "dpo", "operator"]
    """`operator` can only be given by operators, who can give no other."""
    lifetime_minutes: Annotated[Count, Field(ge=1, le=1_440)] = 60


class TokenResponse(Response):
    token: str
    """Shown once; it is not stored."""
    token_id: str
    role: str
    expires_at: Utc


class TokenOut(Response):
    """The data of a token, without the token itself."""

    token_id: str
    subject: str
    role: Role
    key_id: str
    issued_by: str
    issued_at: Utc
    expires_at: Utc
    revoked_at: Utc | None
    revoked_by: str | None


class TokenPage(Response):
    items: list[TokenOut]
    next_cursor: str | None


class TokenKeyOut(Response):
    key_id: str
    """The `kid` in the tokens it signed."""
    public_key: str
    status: Literal["active", "retired", "revoked"]
    """Active: signs. Retired: its tokens are valid until they expire. Revoked: its tokens are invalid."""
    created_by: str | None
    """None: the installation's own key."""
    created_at: Utc | None
    retired_at: Utc | None
    revoked_at: Utc | None
