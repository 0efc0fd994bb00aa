"""Bodies of the REST API for institutions."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from shared.api.bodies import Request, Response
from shared.consents import Purpose
from shared.fields import Name, Utc, Words, YesNo


class TenantRequest(Request):
    name: Annotated[Name, Field(pattern=r"^\S(.*\S)?$")]
    """A name that no other institution has. Operators see it."""


class TenantOut(Response):
    """An institution, as operators see it."""

    tenant_id: str
    """The id by which the configuration of an OpenID Connect issuer refers to it."""
    name: str
    created_at: Utc
    disabled_at: Utc | None
    """When it was disabled. From then on its tokens are refused, but its running sessions continue. None: it
    is enabled."""
    disabled_by: str | None


class TenantPage(Response):
    items: list[TenantOut]
    next_cursor: str | None


class AcknowledgementRule(Request):
    """Whether candidates must acknowledge a purpose."""

    required: YesNo
    """False: the institution watches for this purpose on another lawful basis."""
    basis: Words | None = None
    """That basis, in the words to record. Required if `required` is false."""

    @model_validator(mode="after")
    def _has_a_basis(self) -> Self:
        if self.required is (self.basis is not None):
            raise ValueError("give a basis if no acknowledgement is required, and only then")
        return self


class AcknowledgementRuleOut(Response):
    purpose: Purpose
    required: bool
    basis: str | None
    recorded_by: str | None
    recorded_at: Utc | None


class OwnTenantOut(Response):
    """An institution, as its own staff see it."""

    tenant_id: str
    name: str
    acknowledgements: list[AcknowledgementRuleOut]
    """One for each purpose of a session's notice. All other purposes always require the candidate's own
    consent."""
