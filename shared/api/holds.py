"""Bodies of the REST API for legal holds."""

from __future__ import annotations

from typing import Self
from uuid import UUID

from pydantic import model_validator

from shared.api.bodies import Request, Response
from shared.fields import Reference, Utc, Words
from shared.holds import HeldThing


class LegalHoldRequest(Request):
    """What must not be erased: a person, an exam or an incident."""

    candidate_id: Reference | None = None
    exam_id: Reference | None = None
    incident_id: UUID | None = None
    reason: Words
    """Why, such as the number of a case."""
    until: Utc | None = None
    """When it ends by itself; null: when somebody releases it."""

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if [self.candidate_id, self.exam_id, self.incident_id].count(None) != 2:
            raise ValueError("give exactly one of candidate_id, exam_id and incident_id")
        return self


class LegalHoldOut(Response):
    hold_id: str
    thing: HeldThing
    candidate_id: str | None
    """The person, or the candidate of the incident; null for an exam, or if the person was erased since."""
    exam_id: str | None
    """The exam, or that of the incident."""
    incident_id: str | None
    reason: str
    held_by: str
    held_at: Utc
    until: Utc | None
    released_by: str | None
    released_at: Utc | None
    in_force: bool


class LegalHoldPage(Response):
    items: list[LegalHoldOut]
    next_cursor: str | None
