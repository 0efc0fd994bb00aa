"""Bodies of the REST API about exams, policies, accommodations and consents."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, JsonValue, StringConstraints, model_validator

from shared.api.bodies import Request, Response
from shared.consents import Purpose
from shared.fields import Count, Json, Name, Reference, Text, Utc, YesNo

MAX_EXTRA_MINUTES = 480
PolicyData = Annotated[dict[Name, Json], Field(max_length=50)]
"""A policy in the form of `shared.policy.schema`."""
Details = Annotated[dict[Name, Json], Field(max_length=20)]
Reason = Annotated[Text, Field(min_length=1)]
LanguageTag = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}$")]
"""A BCP 47 tag, without the rarer forms."""


# --- exams -----------------------------------------------------------------------------------------------


class ExamChange(Request):
    """All fields of an exam that can be changed. A field left out is cleared."""

    title: Name
    """Shown to candidates."""
    opens_at: Utc | None = None
    closes_at: Utc | None = None
    """All sessions end then, except for a candidate's extra time."""
    region: Name | None = None
    """Of the nodes that come first for its sessions, if they can watch as well as others. A session's own
    region counts before it."""
    metadata: Details = Field(default_factory=dict)
    """Stored and returned unchanged. Must not contain personal data."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.opens_at and self.closes_at and self.opens_at >= self.closes_at:
            raise ValueError("closes_at must be after opens_at")
        return self


class ExamRequest(ExamChange):
    """A new exam."""

    exam_id: Reference
    """Chosen by the caller, unique per institution; sessions refer to it."""
    policy: PolicyData = Field(default_factory=dict)
    """Version 1 of the policy. Fields left out have their default."""


class ExamOut(Response):
    exam_id: str
    title: str
    opens_at: Utc | None
    closes_at: Utc | None
    region: str | None = None
    metadata: dict[str, JsonValue]
    policy_version: int
    """The version for sessions that start now."""
    created_at: Utc
    updated_at: Utc


class ExamPage(Response):
    items: list[ExamOut]
    next_cursor: str | None


# --- policies --------------------------------------------------------------------------------------------


class PolicyRequest(Request):
    """The next version of an exam's policy, complete."""

    policy: PolicyData
    """Its own `version` is ignored; the coordinator counts versions."""
    reason: Reason
    """The reason; shown with the version."""
    based_on: Annotated[Count, Field(ge=1, le=2**31 - 1)] | None = None
    """The version this one was made from. If a newer one exists, the change is refused (409)."""


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
    """The differences in force, by path, with presets applied."""

    exam_id: str
    before: int
    after: int
    changes: list[PolicyChangeOut]


# --- accommodations --------------------------------------------------------------------------------------


class AccommodationRequest(Request):
    """An accommodation of one candidate for one exam, without the reason."""

    accommodation: Annotated[dict[Name, Json], Field(max_length=10)] = Field(default_factory=dict)
    """`muted`, `relaxed`, `gaze_zone_factor`, in the form of `shared.policy.schema`."""
    extra_minutes: Annotated[Count, Field(ge=0, le=MAX_EXTRA_MINUTES)] = 0
    """Added to the end of the candidate's sessions."""
    allow_unregistered: YesNo = False
    """Also accept a candidate who is not known here yet. Without this, an unknown id is refused, because it
    may be a typing error."""


class AccommodationOut(Response):
    exam_id: str
    candidate_id: str
    version: int
    """Counts its changes, from 1."""
    accommodation: dict[str, Any]
    extra_minutes: int
    changed_by: str
    changed_at: Utc


class AccommodationPage(Response):
    items: list[AccommodationOut]
    next_cursor: str | None


# --- consents --------------------------------------------------------------------------------------------


class ConsentRequest(Request):
    """A candidate's consent or refusal for one purpose."""

    given: YesNo
    """False: withdrawn."""
    confirm: YesNo = False
    """Confirms a withdrawal. A withdrawal without it changes nothing, and the answer (409) says what it would
    stop."""
    on_paper: YesNo = False
    """The candidate said so on paper, and staff record it."""
    allow_unregistered: YesNo = False
    """Staff may record this for a candidate who is not known here yet. Without this, an unknown id is
    refused, because it may be a typing error."""
    text_version: Name
    """Version of the text shown to the candidate."""
    language: LanguageTag = "en"


class ConsentOut(Response):
    """A candidate's consent for one purpose."""

    purpose: Purpose
    given: bool
    basis: Literal["consent", "acknowledgement"]
    """`consent`: given on its own; `acknowledgement`: given with a session's notice."""
    text_version: str
    language: str
    recorded_by: str
    recorded_at: Utc
    on_paper: bool = False
    """Said on paper and recorded by staff."""


class ConsentChangeOut(Response):
    consent: ConsentOut
    running_sessions: list[str]
    """Running sessions of the candidate that used a purpose just withdrawn. They go on without it at once."""
    message: str = ""
    """What this means for the candidate, with the advice to agree on another way to sit the exam."""


class Acknowledged(Request):
    """The candidate has acknowledged a notice of the institution, outside of the candidate's page."""

    text_version: Name
    """Version of the text shown to the candidate."""
    language: LanguageTag = "en"
    on_paper: YesNo = False
    """The candidate did so on paper, not on a page of the institution."""


class ConsentsOut(Response):
    candidate_id: str
    items: list[ConsentOut]
    """The latest answer for each purpose; purposes without an answer are left out."""


class ConsentPage(Response):
    items: list[ConsentOut]
    next_cursor: str | None
