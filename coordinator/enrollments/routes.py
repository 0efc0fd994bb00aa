"""Enrollments over REST: enroll, list, read, erase."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlmodel import Session

from coordinator.candidates import service as candidates
from coordinator.enrollments import (
    enrolling,
    faces_service as faces,
    listing_service as listing,
    service as enrollments,
)
from coordinator.enrollments.enrolling import Enrolling
from coordinator.enrollments.listing_service import EnrolledQuery, Listed
from coordinator.holds import service as holds
from coordinator.idempotency import service as idempotency
from coordinator.idempotency.asked import AskedOnce
from coordinator.sessions import service as sessions
from coordinator.web_api.cursors import Cursor, read_cursor, write_cursor
from coordinator.web_api.openapi import problems, takes
from coordinator.web_api.parts import CandidateRef, Now, PartsDep
from coordinator.web_api.rates import check_rate
from coordinator.web_api.security import (
    Privacy,
    PrivacyOrSelf,
    ServiceOrSelf,
    check_own_candidate,
    check_own_word,
)
from shared.api.enrollments import EnrolledPage, EnrollmentListed, EnrollRequest, EnrollResponse
from shared.errors import Rejected
from shared.fields import Reference
from shared.tokens import Role

router = APIRouter(tags=["enrollments"])


class EnrolledFilters(BaseModel):
    """Query parameters; omitted ones do not filter."""

    model_config = ConfigDict(extra="forbid")

    exam_id: Reference | None = None
    """The exam that the enrollment was first made for."""
    cursor: Annotated[str, Field(max_length=200)] | None = None
    """`next_cursor` of the previous page."""
    limit: Annotated[int, Field(ge=1, le=200)] = 100


async def _read(request: Request) -> EnrollRequest:
    """The body, parsed in a thread: FastAPI itself would block the event loop for 0.1 s with 28 MB."""
    body = await request.body()
    if not body:  # the same report as FastAPI's for other bodies
        raise RequestValidationError([{"type": "missing", "loc": ("body",), "msg": "Field required"}])
    try:
        return await asyncio.to_thread(EnrollRequest.model_validate_json, body)
    except ValidationError as error:
        places = [{**one, "loc": ("body", *one["loc"])} for one in error.errors(include_input=False)]
        raise RequestValidationError(places) from error


@router.post(
    "/enroll", status_code=201, responses=problems(401, 403, 409), openapi_extra=takes(EnrollRequest)
)
async def enroll_candidate(
    claims: ServiceOrSelf,
    body: Annotated[EnrollRequest, Depends(_read)],
    asked: AskedOnce,
    parts: PartsDep,
    now: Now,
) -> EnrollResponse:
    """Enroll a candidate's face from 3 to 5 pictures; the best three make the template.

    The candidate must have acknowledged identity verification before (409 `acknowledgement-missing`), unless
    the exam's policy needs no acknowledgement for it; `acknowledged` records it in the same step.

    Each picture has its own result. `partial` says that some were left out. When none passes, the answer is
    422 `enrollment-refused` with every failed check, its value, its bound and what to do, and nothing is
    stored. Two pictures that do not seem to show the same person are refused too (422 `pictures-disagree`).
    Pictures are never stored. Enrolled again, the newest counts for sessions that start from then on; one
    that is unlike the one before is `pending` until an administrator decides, and the one before counts.

    A candidate sends at least 3 pictures and does not enroll while its exam runs; staff may send one picture.
    """
    check_own_candidate(claims, body.candidate_id)
    check_rate(parts.rates.enroll, f"{claims.tenant_id}:{body.candidate_id}", parts.clock())
    check_own_word(claims, body.acknowledged)
    by_candidate = claims.role is Role.CANDIDATE
    wanted = Enrolling(claims.tenant_id, body, now, by_candidate=by_candidate, subject=claims.subject)
    return await enrolling.enroll(parts, wanted, asked)


@router.get("/enrollments", responses=problems(401, 403))
async def list_enrollments(
    filters: Annotated[EnrolledFilters, Query()], claims: Privacy, parts: PartsDep, now: Now
) -> EnrolledPage:
    """Who is enrolled: the enrollment in force of each candidate, oldest first, expired ones too. No
    measurements; those are with the single enrollment."""
    query = EnrolledQuery(
        tenant_id=claims.tenant_id,
        exam=filters.exam_id,
        after=read_cursor(filters.cursor, Cursor),
        limit=filters.limit,
    )
    found, following = await parts.reading(lambda db: listing.page(db, query, now))
    return EnrolledPage(items=[_listed(one) for one in found], next_cursor=write_cursor(following))


def _listed(found: Listed) -> EnrollmentListed:
    row = found.row
    return EnrollmentListed(
        candidate_id=found.candidate.reference,
        exam_id=row.exam_reference,
        enrollment_id=str(row.id),
        enrolled_at=row.created_utc,
        expires_at=row.expires_utc,
        expired=found.expired,
        pending_id=str(found.pending_id) if found.pending_id else None,
    )


@router.get("/enrollments/{candidate_id}", responses=problems(401, 403, 404))
async def get_enrollment(
    candidate_id: CandidateRef, claims: PrivacyOrSelf, parts: PartsDep, now: Now
) -> EnrollResponse:
    """The newest enrollment with the measurements of its pictures; the template itself stays sealed. It is
    valid until it expires."""
    check_own_candidate(claims, candidate_id)

    def work(db: Session) -> EnrollResponse:
        candidate = candidates.find(db, claims.tenant_id, candidate_id)
        stored = enrollments.newest(db, parts.keys.keyring, candidate) if candidate else None
        if stored is None:
            raise enrollments.unknown()
        return enrolling.response(db, candidate_id, stored, now)

    return await parts.reading(work)


@router.delete("/enrollments/{candidate_id}", status_code=204, responses=problems(401, 403, 404, 409))
async def erase_enrollment(
    candidate_id: CandidateRef, claims: PrivacyOrSelf, parts: PartsDep, now: Now
) -> Response:
    """Erase a candidate's templates and measurements permanently: their keys are destroyed with them.

    While a session of the candidate runs, its node holds the template: end the session first (409
    `session-active`). A legal hold on the person, or one that keeps the face, stands in the way (409
    `legal-hold`).
    """
    check_own_candidate(claims, candidate_id)
    by_staff = claims.role is not Role.CANDIDATE

    def work(db: Session) -> None:
        candidate = candidates.find(db, claims.tenant_id, candidate_id)
        if candidate is None:
            raise enrollments.unknown()
        holds.check_none(db, parts.keys.keyring, candidate, now, with_reason=by_staff)
        if sessions.active_count(db, candidate.id, now):
            raise Rejected(
                "a session of this candidate is running; end it first", code="session-active", status=409
            )
        if not enrollments.erase(db, candidate, now):
            raise enrollments.unknown()
        faces.forget(db, candidate)
        idempotency.forget(db, claims.tenant_id, candidate_id)

    await parts.writing(work)
    await asyncio.to_thread(parts.database.scrub)
    return Response(status_code=204)
