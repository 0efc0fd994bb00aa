"""What an external issuer's claims mean here: subject, role, institution. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from coordinator.config import IssuerSection
from shared.errors import Rejected
from shared.fields import Name
from shared.tokens import Claims, Role

_SUBJECT: Final[TypeAdapter[str]] = TypeAdapter(Name)


def claims_of(section: IssuerSection, payload: Mapping[str, Any]) -> Claims:
    """The claims of a verified token. Raises `Rejected` (401 `token-unmapped`) for ones that mean nothing."""
    try:
        subject = _SUBJECT.validate_python(payload["sub"])
        expires_utc = datetime.fromtimestamp(payload["exp"], UTC)
    except (ValidationError, KeyError, OverflowError, ValueError, TypeError, OSError) as error:
        raise _unmapped("its subject or its expiry cannot be used") from error
    return Claims(
        subject=subject,
        role=_role(section, payload.get(section.role_claim)),
        tenant_id=_tenant(section, payload),
        expires_utc=expires_utc,
    )


def _role(section: IssuerSection, said: object) -> Role:
    words = said if isinstance(said, list) else [said]
    for word, role in section.roles.items():
        if word in words:
            return role
    raise _unmapped(f"its claim {section.role_claim} names no role known here")


def _tenant(section: IssuerSection, payload: Mapping[str, Any]) -> UUID:
    if section.tenant is not None:
        return section.tenant
    word = payload.get(section.tenant_claim or "")
    tenant = section.tenants.get(word) if isinstance(word, str) else None
    if tenant is None:
        raise _unmapped(f"its claim {section.tenant_claim} names no institution known here")
    return tenant


def _unmapped(what: str) -> Rejected:
    return Rejected(f"the token is authentic, but {what}", code="token-unmapped", status=401)
