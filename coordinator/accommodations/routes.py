"""Accommodations over REST: agree, read, withdraw.

Muted detectors may reveal a person's health: candidates see only their own, services and privacy officers see
all.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlmodel import Session

from coordinator.accommodations import service as accommodations
from coordinator.accommodations.service import Agreed, Change, Terms
from coordinator.candidates import service as candidates
from coordinator.exams import service as exams
from coordinator.exams.tables import Exam
from coordinator.policies import service as policies
from coordinator.web_api.cursors import PageParams, write_cursor
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import CandidateRef, ExamRef, Now, PartsDep
from coordinator.web_api.security import Privacy, PrivacyOrSelf, Service, check_own_candidate
from shared.api.exams import AccommodationOut, AccommodationPage, AccommodationRequest
from shared.policy.schema import Policy, parse_accommodation

router = APIRouter(prefix="/exams/{exam_id}/accommodations", tags=["accommodations"])


@router.get("", responses=problems(401, 403, 404))
async def list_accommodations(
    exam_id: ExamRef, params: Annotated[PageParams, Query()], claims: Privacy, parts: PartsDep
) -> AccommodationPage:
    """The accommodations of an exam, in the order of their last change."""

    def work(db: Session) -> AccommodationPage:
        exam = exams.find(db, claims.tenant_id, exam_id)
        agreed, following = accommodations.page(db, parts.keys.keyring, exam, params.after, params.limit)
        items = [_out(exam, one) for one in agreed]
        return AccommodationPage(items=items, next_cursor=write_cursor(following))

    return await parts.reading(work)


@router.put("/{candidate_id}", responses=problems(401, 403, 404))
async def put_accommodation(
    exam_id: ExamRef,
    candidate_id: CandidateRef,
    body: AccommodationRequest,
    claims: Service,
    parts: PartsDep,
    now: Now,
) -> AccommodationOut:
    """Agree with a candidate on muted or relaxed detectors and extra time.

    It applies to sessions that start from now on, on top of the policy in force at their start, and cannot
    make a rule stricter. Reasons are not asked for and must not be entered. A candidate that is not known is
    refused (404 `candidate-unknown`), unless `allow_unregistered` is set.
    """
    terms = Terms(accommodation=parse_accommodation(body.accommodation), extra_minutes=body.extra_minutes)

    def work(db: Session) -> AccommodationOut:
        exam = exams.find(db, claims.tenant_id, exam_id, to_change=True)
        policy = Policy.model_validate(policies.get(db, exam).policy)
        policy.for_candidate(terms.accommodation)  # refuses terms that are stricter than the exam's policy
        candidate = candidates.get_or_make(
            db, claims.tenant_id, candidate_id, now, may_be_new=body.allow_unregistered
        )
        candidates.lock(db, candidate)
        change = Change(terms=terms, changed_by=claims.subject, now_utc=now)
        return _out(exam, accommodations.record(db, parts.keys.keyring, exam, candidate, change))

    return await parts.writing(work)


@router.get("/{candidate_id}", responses=problems(401, 403, 404))
async def get_accommodation(
    exam_id: ExamRef, candidate_id: CandidateRef, claims: PrivacyOrSelf, parts: PartsDep
) -> AccommodationOut:
    """The accommodation of one candidate."""
    check_own_candidate(claims, candidate_id)

    def work(db: Session) -> AccommodationOut:
        exam = exams.find(db, claims.tenant_id, exam_id)
        candidate = candidates.find(db, claims.tenant_id, candidate_id)
        return _out(exam, accommodations.find(db, parts.keys.keyring, exam, candidate))

    return await parts.reading(work)


@router.delete("/{candidate_id}", status_code=204, responses=problems(401, 403, 404))
async def withdraw_accommodation(
    exam_id: ExamRef, candidate_id: CandidateRef, claims: Service, parts: PartsDep, now: Now
) -> Response:
    """Withdraw an accommodation, for sessions that start from now on."""

    def work(db: Session) -> None:
        exam = exams.find(db, claims.tenant_id, exam_id, to_change=True)
        candidate = candidates.find(db, claims.tenant_id, candidate_id)
        agreed = accommodations.find(db, parts.keys.keyring, exam, candidate)
        change = Change(terms=None, changed_by=claims.subject, now_utc=now)
        accommodations.record(db, parts.keys.keyring, exam, agreed.candidate, change)

    await parts.writing(work)
    return Response(status_code=204)


def _out(exam: Exam, agreed: Agreed) -> AccommodationOut:
    return AccommodationOut(
        exam_id=exam.reference,
        candidate_id=agreed.candidate.reference,
        version=agreed.row.version,
        accommodation=agreed.terms.accommodation.model_dump(mode="json"),
        extra_minutes=agreed.terms.extra_minutes,
        changed_by=agreed.row.changed_by,
        changed_at=agreed.row.created_utc,
    )
