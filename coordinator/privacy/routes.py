"""Erasure and correction over REST: by an officer, an erasure also by a candidate's request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from sqlmodel import Session

from coordinator.candidates import service as candidates
from coordinator.candidates.tables import Candidate
from coordinator.privacy import (
    correcting_service as correcting,
    erasing_service as erasing,
    requests_service as requests,
    steps,
)
from coordinator.privacy.answers import erasure_out, requests_out
from coordinator.privacy.erasing_service import ErasureOrder
from coordinator.privacy.tables import Erasure
from coordinator.sessions import service as sessions
from coordinator.web_api.cursors import PageParams, write_cursor
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import Now, Parts, PartsDep
from coordinator.web_api.security import Dpo, DpoOrSession, check_own_candidate
from shared.api.privacy import (
    CorrectionOut,
    CorrectionRequest,
    DeleteRequest,
    ErasureDecision,
    ErasureOut,
    ErasureRequestPage,
    SessionCorrectionOut,
    SessionCorrectionRequest,
)
from shared.erasures import Cause
from shared.errors import ConfigError, Unavailable
from shared.tokens import Role

router = APIRouter(prefix="/privacy", tags=["privacy"])


@router.post("/delete", responses=problems(401, 403, 404, 409))
async def delete_person(body: DeleteRequest, claims: DpoOrSession, parts: PartsDep, now: Now) -> ErasureOut:
    """Erase everything about a person, for ever; a candidate asks for it, and an officer decides.

    Every key of the person is destroyed at once, so nothing of it can be opened any more, in no copy either.
    The identifier is free again: who registers under it is a new person. Systems of the institution that got
    something are told (`person.erased`). A legal hold stands in the way (409 `legal-hold`), and so does a
    running session unless it may be ended (409 `session-active`).
    """
    check_own_candidate(claims, body.candidate_id)
    if claims.role is Role.CANDIDATE:
        return await parts.writing(lambda db: _asked(db, claims.tenant_id, body.candidate_id, now))

    def found(db: Session) -> ErasureOrder:
        candidate = candidates.known(db, claims.tenant_id, body.candidate_id)
        return _wish(candidate, claims.role, Cause.OFFICER, end_running=body.end_running)

    return await _erase(parts, found, now)


@router.post("/correct", responses=problems(401, 403, 404, 409))
async def correct_person(body: CorrectionRequest, claims: Dpo, parts: PartsDep, now: Now) -> CorrectionOut:
    """Correct a person's candidate_id, everywhere and at once.

    Alerts, reports, exports and deliveries name the person by the new one from then on, also what was stored
    or written before; all internal ids stay. The candidate's own tokens have the former one and are revoked.
    Systems of the institution that got it are told (`person.corrected`). An id that another candidate has is
    refused (409 `reference-taken`): two people are never merged. So is a correction while a session of the
    candidate runs (409 `session-active`).
    """

    def work(db: Session) -> CorrectionOut:
        candidate = candidates.known(db, claims.tenant_id, body.candidate_id)
        done = correcting.correct(db, parts.keys.keyring, candidate, body.new_candidate_id, now)
        return CorrectionOut(
            candidate_id=candidate.reference,
            candidate_uuid=str(done.candidate_id),
            tokens_revoked=done.tokens,
            recipients_told=done.recipients,
        )

    done = await parts.writing(work)
    await asyncio.gather(parts.verifier.refresh(), asyncio.to_thread(parts.database.scrub))
    return done


@router.post("/correct-session", responses=problems(401, 403, 404, 409))
async def correct_session(
    body: SessionCorrectionRequest, claims: Dpo, parts: PartsDep, now: Now
) -> SessionCorrectionOut:
    """Correct a session's exam_session_id, everywhere and at once, once the session is over.

    Alerts, reports, exports and deliveries name the session by the new one from then on, also what was
    stored or written before; all internal ids stay, and under the former one there is no session any more
    (404). Systems of the institution that got it are told (`session.corrected`). An id that another session
    has is refused (409 `reference-taken`), and so is a correction while the session runs (409
    `session-active`).
    """

    def work(db: Session) -> SessionCorrectionOut:
        session = sessions.find(db, claims.tenant_id, body.exam_session_id).session
        done = correcting.correct_session(db, parts.keys.keyring, session, body.new_exam_session_id, now)
        return SessionCorrectionOut(
            exam_session_id=body.new_exam_session_id,
            session_uuid=str(done.session_id),
            recipients_told=done.recipients,
        )

    done = await parts.writing(work)
    await asyncio.to_thread(parts.database.scrub)
    return done


@router.get("/requests", responses=problems(401, 403))
async def list_erasure_requests(
    page: Annotated[PageParams, Query()], claims: Dpo, parts: PartsDep
) -> ErasureRequestPage:
    """Candidates' requests to be erased, oldest first."""

    def work(db: Session) -> ErasureRequestPage:
        rows, following = requests.page(db, claims.tenant_id, page.after, page.limit)
        items = requests_out(rows, requests.names(db, rows))
        return ErasureRequestPage(items=items, next_cursor=write_cursor(following))

    return await parts.reading(work)


@router.post("/requests/{request_id}/decide", responses=problems(401, 403, 404, 409))
async def decide_erasure_request(
    request_id: Annotated[UUID, Path(description="The request's id.")],
    body: ErasureDecision,
    claims: Dpo,
    parts: PartsDep,
    now: Now,
) -> ErasureOut:
    """Grant a request, which erases the person as POST /privacy/delete does, or refuse it with its reason."""
    if (reason := body.refusal) is not None:

        def refused(db: Session) -> ErasureOut:
            row = requests.waiting(db, claims.tenant_id, request_id)
            requests.refuse(db, row, reason, now)
            [out] = requests_out([row], requests.names(db, [row]))
            return ErasureOut(status="refused", request=out)

        return await parts.writing(refused)

    def found(db: Session) -> ErasureOrder:
        row = requests.waiting(db, claims.tenant_id, request_id)
        candidate = db.get_one(Candidate, row.candidate_id)
        return _wish(candidate, claims.role, Cause.REQUEST, end_running=body.end_running)

    return await _erase(parts, found, now)


@router.get("/erasures/{erasure_id}", responses=problems(401, 403, 404))
async def get_erasure(
    erasure_id: Annotated[UUID, Path(description="The erasure's id.")], claims: Dpo, parts: PartsDep
) -> ErasureOut:
    """How far an erasure is, with its receipt once it is complete. It names nobody."""
    row = await parts.reading(lambda db: erasing.find(db, claims.tenant_id, erasure_id))
    return erasure_out(row)


def _asked(db: Session, tenant_id: UUID, reference: str, now: datetime) -> ErasureOut:
    candidate = candidates.known(db, tenant_id, reference)
    row = requests.ask(db, candidate, now)
    [out] = requests_out([row], {candidate.id: candidate.reference})
    return ErasureOut(status="requested", request=out)


def _wish(candidate: Candidate, role: Role, cause: Cause, *, end_running: bool) -> ErasureOrder:
    return ErasureOrder(candidate=candidate, decided_by=role, cause=cause, end_running=end_running)


async def _erase(parts: Parts, found: Callable[[Session], ErasureOrder], now: datetime) -> ErasureOut:
    def decide(db: Session) -> Erasure:
        return erasing.decide(db, parts.keys, found(db), now)

    row = await parts.writing(decide)
    try:
        return erasure_out(await steps.carry_on(parts, row.id))
    except (ConfigError, OSError, Unavailable):
        return erasure_out(row)  # decided; the steps go on by themselves
