"""Bodies of the REST API about sessions in a list and changes of a running one."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, JsonValue, model_validator

from shared.api import Request, Response, SessionOut
from shared.exam_api import PolicyData
from shared.fields import Count, Unit, Utc, Words


class SessionListed(SessionOut):
    """A session on the wall: where it stands, and how bad the worst is that nobody has explained away."""

    worst_severity: Unit
    """Of its incidents that were not dismissed or overturned; 0 without one."""
    open_incidents: int
    """That wait for a person: open, for a second one, or appealed."""
    incident_count: int
    """All that were not dismissed or overturned, decided ones included."""


class SessionPage(Response):
    items: list[SessionListed]
    next_cursor: str | None


class SessionPolicyRequest(Request):
    """Another policy for a session that runs: a version of its exam's, or a whole one of its own."""

    exam_version: Annotated[Count, Field(ge=1, le=2**31 - 1)] | None = None
    """Left out, with no policy: the version that is in force now."""
    policy: PolicyData | None = None
    """Its own `version` is ignored: it gets the next one that neither session nor exam has used."""
    reason: Words
    """For the record; the candidate is not shown it."""
    based_on: Annotated[Count, Field(ge=1, le=2**31 - 1)]
    """The version the session runs under; when that has changed meanwhile, the change is refused (409)."""

    @model_validator(mode="after")
    def _one_of_them(self) -> SessionPolicyRequest:
        if self.exam_version is not None and self.policy is not None:
            raise ValueError("name a version of the exam's policy or give a policy, not both")
        return self


class SessionPolicyChange(Response):
    """Who put which policy in force while the session ran, and why."""

    version: int
    version_before: int
    changed_by: str
    role: str
    reason: str | None
    """None: erased."""
    at: Utc


class SessionPolicyOut(Response):
    """The policy a session runs under, without what is agreed with its candidate."""

    session_id: str
    version: int
    policy: dict[str, JsonValue]
    changes: list[SessionPolicyChange]
    """While it ran, oldest first."""
