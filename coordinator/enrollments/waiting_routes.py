"""Enrollments that wait for an administrator, over REST: look at them, accept or refuse one."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query
from sqlmodel import Session

from coordinator.enrollments import waiting_service as waiting
from coordinator.enrollments.tables import Enrollment
from coordinator.enrollments.waiting_service import Waiting
from coordinator.web_api.cursors import PageParams, write_cursor
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import Now, PartsDep
from coordinator.web_api.security import Admin
from shared.api.enrollments import EnrollmentDecision, PendingEnrollmentOut, PendingEnrollmentPage

router = APIRouter(prefix="/pending-enrollments", tags=["enrollments"])
EnrollmentId = Annotated[UUID, Path(description="The enrollment_id.")]


@router.get("", responses=problems(401, 403))
async def list_pending_enrollments(
    params: Annotated[PageParams, Query()], claims: Admin, parts: PartsDep
) -> PendingEnrollmentPage:
    """List enrollments that are unlike the former one, the longest wait first. The former one stays in
    force."""

    def work(db: Session) -> PendingEnrollmentPage:
        found, following = waiting.page(db, parts.keys.keyring, claims.tenant_id, params.after, params.limit)
        return PendingEnrollmentPage(items=[_out(one) for one in found], next_cursor=write_cursor(following))

    return await parts.reading(work)


@router.post("/{enrollment_id}/decide", responses=problems(401, 403, 404, 409))
async def decide_pending_enrollment(
    enrollment_id: EnrollmentId, body: EnrollmentDecision, claims: Admin, parts: PartsDep, now: Now
) -> PendingEnrollmentOut:
    """Accept an enrollment, so that it counts from now on, or refuse it, which erases its template.

    Only one decision is possible. The pictures were not kept, so check by other means who the candidate is.
    Running sessions keep the template they started with.
    """
    keyring = parts.keys.keyring

    def work(db: Session) -> PendingEnrollmentOut:
        found = waiting.find(db, keyring, claims.tenant_id, enrollment_id)
        accepted = body.verdict == "accept"
        waiting.decide(db, keyring, found, claims.subject, body.text, now, accepted=accepted)
        return _out(found)

    return await parts.writing(work)


def _out(found: Waiting) -> PendingEnrollmentOut:
    row = found.row
    return PendingEnrollmentOut(
        enrollment_id=str(row.id),
        candidate_id=found.candidate.reference,
        exam_id=row.exam_reference,
        enrolled_at=row.created_utc,
        similarity=found.said.get("similarity"),
        in_force_id=str(found.in_force_id) if found.in_force_id else None,
        state=_state(row),
        decided_by=row.decided_by,
        decided_at=row.decided_utc,
        text=found.said.get("text"),
    )


def _state(row: Enrollment) -> Literal["pending", "accepted", "refused"]:
    if row.decided_utc is None:
        return "pending"
    return "refused" if row.in_force_utc is None else "accepted"
