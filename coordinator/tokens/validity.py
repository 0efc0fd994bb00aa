"""The valid keys and tokens: a value read from the database and checked on every request. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from coordinator.tenants.institutions import Institutions
from shared.tokens import LEEWAY_S, Claims, invalid

_LEEWAY: Final = timedelta(seconds=LEEWAY_S)


@dataclass(frozen=True, slots=True)
class KeyValidity:
    """The state of one key, for one institution."""

    public: Ed25519PublicKey
    retired_utc: datetime | None
    revoked_utc: datetime | None


@dataclass(frozen=True, slots=True)
class Validity:
    """All known keys and revoked tokens."""

    own_kid: str
    """The kid of the installation's key, valid for an institution until it is retired or revoked there."""
    own: Ed25519PublicKey
    keys: Mapping[tuple[UUID, str], KeyValidity] = field(default_factory=dict)
    """By institution and kid."""
    revoked: frozenset[UUID] = frozenset()
    """Revoked tokens that have not expired yet, by jti."""
    institutions: Institutions = field(default_factory=Institutions)

    def key(self, kid: str) -> Ed25519PublicKey:
        """The key that verifies tokens with this kid. Raises `Rejected` (401) for an unknown one."""
        if kid == self.own_kid:
            return self.own
        found = next((key.public for (_, known), key in self.keys.items() if known == kid), None)
        if found is None:
            raise invalid()
        return found

    def check(self, claims: Claims) -> None:
        """Raises `Rejected` (401) if a correctly signed token is no longer valid, or never was for its
        institution."""
        self.institutions.check(claims)
        if claims.token_id in self.revoked:
            raise invalid()
        key = self.keys.get((claims.tenant_id, claims.key_id or ""))
        if key is None:
            if claims.key_id != self.own_kid:  # another institution's key signs only for that institution
                raise invalid()
            return
        if key.revoked_utc is not None or _too_new(claims, key.retired_utc):
            raise invalid()


def _too_new(claims: Claims, retired_utc: datetime | None) -> bool:
    """A session's tokens are signed with the key that its node has, even after that key was retired."""
    if retired_utc is None or claims.session_id is not None:
        return False
    return claims.issued_utc is None or claims.issued_utc > retired_utc + _LEEWAY
