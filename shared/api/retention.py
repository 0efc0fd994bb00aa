"""Bodies of the REST API for retention: what is kept until when, and what was erased."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from shared.api.bodies import Request, Response
from shared.fields import Count, Utc
from shared.retention import Kept

MOST_PERSONS = 2_000


class RetentionClassOut(Response):
    """One class of what is kept, counted in persons or in persons' exams."""

    kept: Kept
    due: int
    """To be erased now."""
    held: int
    """Would be due, but is under a legal hold."""
    under_review: int
    """Would be due, but a review or an appeal goes on, and there is no hold."""
    later: int
    """Not due yet."""
    next_due_at: Utc | None
    """When the next of these is due."""


class RetentionItemOut(Response):
    """Something that is due."""

    kept: Kept
    candidate_id: str
    exam_id: str | None
    """Null: it is of the person, not of an exam."""
    due_at: Utc
    kept_back: list[Literal["legal-hold", "review"]]
    """Why it is not erased all the same; empty: it is erased within the hour."""


class RetentionPlanOut(Response):
    """What would be erased at an instant if nothing else happened before."""

    at: Utc
    classes: list[RetentionClassOut]
    items: list[RetentionItemOut]
    more: bool
    """Whether there are more items than were asked for."""


class RetentionDayOut(Response):
    """What was erased on one day, in UTC."""

    day: date
    kept: Kept
    things: int
    """Persons, or persons' exams."""
    keys: int
    rows: int
    """Removed or emptied."""


class RetentionReportOut(Response):
    done_at: Utc | None
    """When everything that was due had last been erased, for all institutions."""
    running: bool
    days: list[RetentionDayOut]


class RetentionRunRequest(Request):
    persons: Annotated[Count, Field(ge=1, le=MOST_PERSONS)] = 200
    """The most persons to erase something of; call again while `more` is true."""


class RetentionErasedOut(Response):
    """How much of one class was erased."""

    kept: Kept
    things: int
    keys: int
    rows: int


class RetentionRunOut(Response):
    erased: list[RetentionErasedOut]
    more: bool
    """Whether something is still due."""
