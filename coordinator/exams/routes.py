"""Exams over REST: create, change, list, read."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from sqlmodel import Session

from coordinator.exams import service as exams
from coordinator.exams.answers import exam_out
from coordinator.exams.service import ExamQuery
from coordinator.idempotency.asked import AskedOnce
from coordinator.idempotency.doing import once
from coordinator.policies import service as policies
from coordinator.web_api.cursors import PageParams, write_cursor
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import ExamRef, Now, PartsDep
from coordinator.web_api.security import Service, StaffOrPrivacy
from shared.api.exams import ExamChange, ExamOut, ExamPage, ExamRequest
from shared.fields import Utc
from shared.policy.schema import parse_policy

router = APIRouter(prefix="/exams", tags=["exams"])

_FIRST_REASON = "made with the exam"


class ExamFilters(PageParams):
    """Query parameters; omitted ones do not filter."""

    open_at: Utc | None = None
    """Only exams that are open at this instant; an exam without a window is always open."""


@router.post("", status_code=201, responses=problems(401, 403, 409))
async def create_exam(
    body: ExamRequest, claims: Service, asked: AskedOnce, parts: PartsDep, now: Now
) -> ExamOut:
    """Create an exam with version 1 of its policy; sessions that name it start under that policy.

    A session may also name an exam that was not created: it runs under the default policy.
    """
    policy = parse_policy(body.policy)

    def work(db: Session) -> ExamOut:
        exam = exams.create(db, claims.tenant_id, body, now)
        row = policies.add(db, exam, policy, changed_by=claims.subject, reason=_FIRST_REASON, now_utc=now)
        return exam_out(exam, row.version)

    return await once(parts, asked, ExamOut, work)


@router.get("", responses=problems(401, 403))
async def list_exams(
    filters: Annotated[ExamFilters, Query()], claims: StaffOrPrivacy, parts: PartsDep
) -> ExamPage:
    """An institution's exams, newest first."""
    query = ExamQuery(claims.tenant_id, filters.open_at, filters.after, filters.limit)

    def work(db: Session) -> ExamPage:
        found, following = exams.page(db, query)
        versions = policies.versions_in_force(db, [exam.id for exam in found])
        items = [exam_out(exam, versions[exam.id]) for exam in found]
        return ExamPage(items=items, next_cursor=write_cursor(following))

    return await parts.reading(work)


@router.get("/{exam_id}", responses=problems(401, 403, 404))
async def get_exam(exam_id: ExamRef, claims: StaffOrPrivacy, parts: PartsDep) -> ExamOut:
    """One exam."""

    def work(db: Session) -> ExamOut:
        exam = exams.find(db, claims.tenant_id, exam_id)
        return exam_out(exam, policies.latest(db, exam.id))

    return await parts.reading(work)


@router.put("/{exam_id}", responses=problems(401, 403, 404))
async def change_exam(
    exam_id: ExamRef, body: ExamChange, claims: Service, parts: PartsDep, now: Now
) -> ExamOut:
    """Replace an exam's title, window, region and metadata. Sessions that have started keep their times."""

    def work(db: Session) -> ExamOut:
        exam = exams.find(db, claims.tenant_id, exam_id, to_change=True)
        exams.change(db, exam, body, now)
        return exam_out(exam, policies.latest(db, exam.id))

    return await parts.writing(work)
