"""Maps an external issuer's claims to subject, role and institution. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Protocol
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from coordinator.tenants.institutions import INSTALLATION_ID
from shared.errors import Rejected
from shared.fields import Name
from shared.tokens import Claims, Role

_SUBJECT: Final[TypeAdapter[str]] = TypeAdapter(Name)


class Meanings(Protocol):
    """The mapping of an issuer's claims; `config.IssuerSection` is one."""

    @property
    def role_claim(self) -> str: ...
    @property
    def roles(self) -> Mapping[str, Role]: ...
    @property
    def tenant(self) -> UUID | None: ...
    @property
    def tenant_claim(self) -> str | None: ...
    @property
    def tenants(self) -> Mapping[str, UUID]: ...


def claims_of(meanings: Meanings, payload: Mapping[str, Any]) -> Claims:
    """The claims of a verified token. Raises `Rejected` (401 `token-unmapped`) if they cannot be mapped."""
    try:
        subject = _SUBJECT.validate_python(payload["sub"])
        expires_utc = datetime.fromtimestamp(payload["exp"], UTC)
    except (ValidationError, KeyError, OverflowError, ValueError, TypeError, OSError) as error:
        raise _unmapped("its subject or its expiry cannot be used") from error
    role = _role(meanings, payload.get(meanings.role_claim))
    return Claims(
        subject=subject,
        role=role,
        tenant_id=INSTALLATION_ID if role is Role.OPERATOR else _tenant(meanings, payload),
        expires_utc=expires_utc,
    )


def _role(meanings: Meanings, said: object) -> Role:
    words = said if isinstance(said, list) else [said]
    for word, role in meanings.roles.items():
        if word in words:
            return role
    raise _unmapped(f"its claim {meanings.role_claim} names no known role")


def _tenant(meanings: Meanings, payload: Mapping[str, Any]) -> UUID:
    if meanings.tenant is not None:
        return meanings.tenant
    word = payload.get(meanings.tenant_claim or "")
    tenant = meanings.tenants.get(word) if isinstance(word, str) else None
    if tenant is None:
        raise _unmapped(f"its claim {meanings.tenant_claim} names no known institution")
    return tenant


def _unmapped(what: str) -> Rejected:
    return Rejected(f"the token is authentic, but {what}", code="token-unmapped", status=401)
