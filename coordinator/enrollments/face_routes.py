"""Faces over REST besides enrollment: the check before the exam, the search, and pairs for people to
judge."""

from __future__ import annotations

import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlmodel import Session

from coordinator.enrollments import faces_service as faces
from coordinator.enrollments.face_tables import PairState
from coordinator.enrollments.practising import practice
from coordinator.enrollments.searching import pair_out, search
from coordinator.web_api.cursors import Cursor, read_cursor, write_cursor
from coordinator.web_api.openapi import problems, takes
from coordinator.web_api.parts import CandidateRef, Now, PartsDep
from coordinator.web_api.rates import check_rate
from coordinator.web_api.security import Admin, Reviewer, ServiceOrSelf, check_own_candidate
from shared.api.faces import (
    FacePairDecision,
    FacePairOut,
    FacePairPage,
    FaceSearchRequest,
    FaceSearchResponse,
    PracticeRequest,
    PracticeResponse,
)
from shared.errors import Rejected
from shared.tokens import Role

router = APIRouter(tags=["enrollments"])
PairId = Annotated[UUID, Path(description="The pair's id.")]


class PairFilters(BaseModel):
    """Query parameters; omitted ones do not filter."""

    model_config = ConfigDict(extra="forbid")

    state: Annotated[list[PairState], Field(max_length=len(PairState))] = []
    """May be repeated."""
    cursor: Annotated[str, Field(max_length=200)] | None = None
    """`next_cursor` of the previous page."""
    limit: Annotated[int, Field(ge=1, le=200)] = 100


async def _read(request: Request) -> PracticeRequest:
    """The body, parsed in a thread: a picture's text would block the event loop."""
    body = await request.body()
    if not body:
        raise RequestValidationError([{"type": "missing", "loc": ("body",), "msg": "Field required"}])
    try:
        return await asyncio.to_thread(PracticeRequest.model_validate_json, body)
    except ValidationError as error:
        places = [{**one, "loc": ("body", *one["loc"])} for one in error.errors(include_input=False)]
        raise RequestValidationError(places) from error


@router.post("/practice-check", responses=problems(401, 403), openapi_extra=takes(PracticeRequest))
async def check_practice(
    claims: ServiceOrSelf,
    body: Annotated[PracticeRequest, Depends(_read)],
    parts: PartsDep,
    now: Now,
) -> PracticeResponse:
    """Check camera, microphone and enrolled face before the exam; parts that are not sent stay unknown.

    The result is in words, without a score. Only the result and time of each check are stored; a session that
    starts within a day shows this on its timeline. No exam is refused because of it.

    The exam and the candidate must be known (422 `exam-unknown`, `candidate-unknown`), unless staff set
    `allow_unregistered`.
    """
    check_own_candidate(claims, body.candidate_id)
    if claims.role is Role.CANDIDATE and body.allow_unregistered:
        raise Rejected("only staff may name an exam that is not known here", code="staff-only", status=403)
    check_rate(parts.rates.enroll, f"{claims.tenant_id}:{body.candidate_id}", parts.clock())
    return await practice(parts, claims, body, now)


@router.post("/enrollments/{candidate_id}/impersonation-search", responses=problems(401, 403, 404, 409))
async def search_impersonation(
    candidate_id: CandidateRef, body: FaceSearchRequest, claims: Admin, parts: PartsDep, now: Now
) -> FaceSearchResponse:
    """Compare a candidate's face with all others of the institution who agreed to it.

    Off unless the installation switches it on (409 `search-off`). Similar faces become a pair for a person to
    look at; nothing is refused or decided because of it.
    """
    check_rate(parts.rates.report, claims.bearer, parts.clock())
    return await search(parts, claims, candidate_id, body, now)


@router.get("/face-pairs", responses=problems(401, 403))
async def list_face_pairs(
    filters: Annotated[PairFilters, Query()], claims: Reviewer, parts: PartsDep
) -> FacePairPage:
    """Pairs of similar faces, newest first."""

    after = read_cursor(filters.cursor, Cursor)

    def work(db: Session) -> FacePairPage:
        rows, following = faces.pairs(db, claims.tenant_id, filters.state, after, filters.limit)
        found = [faces.opened(db, parts.keys.keyring, row) for row in rows]
        return FacePairPage(items=[pair_out(one) for one in found], next_cursor=write_cursor(following))

    return await parts.reading(work)


@router.post("/face-pairs/{pair_id}/decide", responses=problems(401, 403, 404, 409, 410))
async def decide_face_pair(
    pair_id: PairId, body: FacePairDecision, claims: Reviewer, parts: PartsDep, now: Now
) -> FacePairOut:
    """Decide once whether two similar faces are the same person."""
    keyring, state = parts.keys.keyring, PairState(body.verdict)

    def work(db: Session) -> FacePairOut:
        found = faces.find_pair(db, keyring, claims.tenant_id, pair_id)
        faces.decide(db, keyring, found, state, body.text, claims.subject, now)
        return pair_out(found)

    return await parts.writing(work)
