"""An exam's policy over REST: its versions, what changed between them, a new one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlmodel import Session

from coordinator.exams import service as exams
from coordinator.exams.answers import policy_diff, policy_out, policy_summary
from coordinator.idempotency.asked import AskedOnce
from coordinator.idempotency.doing import once
from coordinator.policies import service as policies
from coordinator.web_api.cursors import PageParams, write_cursor
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import ExamRef, Now, PartsDep
from coordinator.web_api.security import Service, StaffOrPrivacy
from shared.api.exams import PolicyDiff, PolicyOut, PolicyPage, PolicyRequest
from shared.policy.schema import parse_policy

router = APIRouter(prefix="/exams/{exam_id}", tags=["policies"])

_BOUNDS = {"ge": 1, "le": 2**31 - 1}
VersionRef = Annotated[int, Path(description="A version, counted from 1.", **_BOUNDS)]
VersionParam = Annotated[int, Query(description="A version, counted from 1.", **_BOUNDS)]


@router.post("/policies", status_code=201, responses=problems(401, 403, 404, 409))
async def create_policy_version(
    exam_id: ExamRef, body: PolicyRequest, claims: Service, asked: AskedOnce, parts: PartsDep, now: Now
) -> PolicyOut:
    """Put a new version in force for sessions that start from now on.

    Running sessions keep the version they started with.
    """
    policy = parse_policy(body.policy)

    def work(db: Session) -> PolicyOut:
        exam = exams.find(db, claims.tenant_id, exam_id, to_change=True)
        policies.check_based_on(db, exam, body.based_on)
        row = policies.add(db, exam, policy, changed_by=claims.subject, reason=body.reason, now_utc=now)
        return policy_out(exam, row)

    return await once(parts, asked, PolicyOut, work)


@router.get("/policies", responses=problems(401, 403, 404))
async def list_policy_versions(
    exam_id: ExamRef, params: Annotated[PageParams, Query()], claims: StaffOrPrivacy, parts: PartsDep
) -> PolicyPage:
    """The versions with author, time and reason, newest first."""

    def work(db: Session) -> PolicyPage:
        exam = exams.find(db, claims.tenant_id, exam_id)
        rows, following = policies.page(db, exam, params.after, params.limit)
        items = [policy_summary(exam, row) for row in rows]
        return PolicyPage(items=items, next_cursor=write_cursor(following))

    return await parts.reading(work)


@router.get("/policy", responses=problems(401, 403, 404))
async def get_policy(exam_id: ExamRef, claims: StaffOrPrivacy, parts: PartsDep) -> PolicyOut:
    """The version in force."""

    def work(db: Session) -> PolicyOut:
        exam = exams.find(db, claims.tenant_id, exam_id)
        return policy_out(exam, policies.get(db, exam))

    return await parts.reading(work)


@router.get("/policies/{version}", responses=problems(401, 403, 404))
async def get_policy_version(
    exam_id: ExamRef, version: VersionRef, claims: StaffOrPrivacy, parts: PartsDep
) -> PolicyOut:
    """One complete version."""

    def work(db: Session) -> PolicyOut:
        exam = exams.find(db, claims.tenant_id, exam_id)
        return policy_out(exam, policies.get(db, exam, version))

    return await parts.reading(work)


@router.get("/policy-diff", responses=problems(401, 403, 404))
async def compare_policy_versions(
    exam_id: ExamRef, before: VersionParam, after: VersionParam, claims: StaffOrPrivacy, parts: PartsDep
) -> PolicyDiff:
    """The differences in effect between two versions, with presets expanded."""

    def work(db: Session) -> PolicyDiff:
        exam = exams.find(db, claims.tenant_id, exam_id)
        return policy_diff(exam, policies.get(db, exam, before), policies.get(db, exam, after))

    return await parts.reading(work)
