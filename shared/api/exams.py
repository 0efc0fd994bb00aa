"""Bodies of the REST API about exams, policies, accommodations and consents."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, JsonValue, StringConstraints, model_validator

from shared.api.bodies import Request, Response
from shared.consents import Purpose
from shared.fields import Count, Json, Name, Reference, Text, Utc, YesNo

MAX_EXTRA_MINUTES = 480
PolicyData = Annotated[dict[Name, Json], Field(max_length=50)]
"""A policy as `shared.policy.schema` reads it."""
Details = Annotated[dict[Name, Json], Field(max_length=20)]
Reason = Annotated[Text, Field(min_length=1)]
LanguageTag = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}$")]
"""BCP 47, without its rarer forms."""


# --- exams -----------------------------------------------------------------------------------------------


class ExamChange(Request):
    """All that can be changed of an exam; what is left out is emptied."""

    title: Name
    """What candidates are shown."""
    opens_at: Utc | None = None
    closes_at: Utc | None = None
    """No session goes on past it, but for a candidate's extra time."""
    metadata: Details = Field(default_factory=dict)
    """Kept and given back. Nothing about persons belongs here."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.opens_at and self.closes_at and self.opens_at >= self.closes_at:
            raise ValueError("closes_at must lie after opens_at")
        return self


class ExamRequest(ExamChange):
    """A new exam."""

    exam_id: Reference
    """Chosen by the caller, unique per institution; sessions name it."""
    policy: PolicyData = Field(default_factory=dict)
    """Version 1; what is left out keeps its default."""


class ExamOut(Response):
    exam_id: str
    title: str
    opens_at: Utc | None
    closes_at: Utc | None
    metadata: dict[str, JsonValue]
    policy_version: int
    """In force for sessions that start now."""
    created_at: Utc
    updated_at: Utc


class ExamPage(Response):
    items: list[ExamOut]
    next_cursor: str | None


# --- policies --------------------------------------------------------------------------------------------


class PolicyRequest(Request):
    """The next version of an exam's policy, whole."""

    policy: PolicyData
    """Its own `version` is ignored: versions are counted here."""
    reason: Reason
    """Why; shown with the version."""
    based_on: Annotated[Count, Field(ge=1, le=2**31 - 1)] | None = None
    """The version this one was made from; when another came in between, the change is refused (409)."""


class PolicySummary(Response):
    exam_id: str
    version: int
    changed_by: str
    reason: str
    created_at: Utc


class PolicyOut(Response):
    exam_id: str
    version: int
    changed_by: str
    reason: str
    created_at: Utc
    policy: dict[str, Any]


class PolicyPage(Response):
    items: list[PolicySummary]
    next_cursor: str | None


class PolicyChangeOut(Response):
    path: str
    before: JsonValue
    after: JsonValue


class PolicyDiff(Response):
    """What differs in force, presets written out, path by path."""

    exam_id: str
    before: int
    after: int
    changes: list[PolicyChangeOut]


# --- accommodations --------------------------------------------------------------------------------------


class AccommodationRequest(Request):
    """What is agreed with one candidate for one exam, and nothing about why."""

    accommodation: Annotated[dict[Name, Json], Field(max_length=10)] = Field(default_factory=dict)
    """`muted`, `relaxed`, `gaze_zone_factor`, as `shared.policy.schema` reads them."""
    extra_minutes: Annotated[Count, Field(ge=0, le=MAX_EXTRA_MINUTES)] = 0
    """Added to the end of the candidate's sessions."""


class AccommodationOut(Response):
    exam_id: str
    candidate_id: str
    version: int
    """Counts every change of it, from 1."""
    accommodation: dict[str, Any]
    extra_minutes: int
    changed_by: str
    changed_at: Utc


class AccommodationPage(Response):
    items: list[AccommodationOut]
    next_cursor: str | None


# --- consents --------------------------------------------------------------------------------------------


class ConsentRequest(Request):
    """A candidate's yes or no to one purpose."""

    given: YesNo
    """False: taken back."""
    text_version: Name
    """Of the text the candidate was shown."""
    language: LanguageTag = "en"


class ConsentOut(Response):
    """Where a candidate stands towards one purpose."""

    purpose: Purpose
    given: bool
    basis: Literal["consent", "acknowledgement"]
    """Said by itself, or with the notice of a session."""
    text_version: str
    language: str
    recorded_by: str
    recorded_at: Utc


class ConsentChangeOut(Response):
    consent: ConsentOut
    running_sessions: list[str]
    """Sessions of the candidate that still run and serve a purpose just taken back: what was taken back holds
    from the next start, so end these where it must hold at once."""


class ConsentsOut(Response):
    candidate_id: str
    items: list[ConsentOut]
    """The latest word on each purpose; a purpose never spoken of is not named."""


class ConsentPage(Response):
    items: list[ConsentOut]
    next_cursor: str | None
