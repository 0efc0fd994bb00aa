"""Consents over REST: where a candidate stands, a yes or a no to one purpose, and what was said when."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query
from sqlmodel import Session

from coordinator.candidates import service as candidates
from coordinator.candidates.tables import Candidate
from coordinator.consents import service as consents
from coordinator.consents.words import Word, latest, serves
from coordinator.excerpts import service as excerpts
from coordinator.sessions.changing import service as changing, telling
from coordinator.sessions.tables import ExamSession
from coordinator.web_api.cursors import PageParams, write_cursor
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import CandidateRef, Now, PartsDep
from coordinator.web_api.security import PrivacyOrSession, check_own_candidate
from shared.api.exams import ConsentChangeOut, ConsentOut, ConsentPage, ConsentRequest, ConsentsOut
from shared.consents import Purpose
from shared.errors import Rejected
from shared.policy.schema import Policy
from shared.tokens import Claims

router = APIRouter(prefix="/consents/{candidate_id}", tags=["consents"])


@router.get("", responses=problems(401, 403, 404))
async def get_consents(candidate_id: CandidateRef, claims: PrivacyOrSession, parts: PartsDep) -> ConsentsOut:
    """The candidate's latest word on each purpose, whether said by itself or with a session's notice."""
    check_own_candidate(claims, candidate_id)

    def work(db: Session) -> ConsentsOut:
        words = consents.words_of(db, _known(db, claims, candidate_id))
        items = [_out(word) for _, word in sorted(latest(words).items())]
        return ConsentsOut(candidate_id=candidate_id, items=items)

    return await parts.reading(work)


@router.get("/history", responses=problems(401, 403, 404))
async def list_consents(
    candidate_id: CandidateRef,
    params: Annotated[PageParams, Query()],
    claims: PrivacyOrSession,
    parts: PartsDep,
) -> ConsentPage:
    """Every consent given and taken back, the newest first. Acknowledgements stand with their sessions."""
    check_own_candidate(claims, candidate_id)

    def work(db: Session) -> ConsentPage:
        candidate = _known(db, claims, candidate_id)
        words, following = consents.history(db, candidate, params.after, params.limit)
        return ConsentPage(items=[_out(word) for word in words], next_cursor=write_cursor(following))

    return await parts.reading(work)


@router.put("/{purpose}", responses=problems(401, 403))
async def put_consent(
    candidate_id: CandidateRef,
    purpose: Purpose,
    body: ConsentRequest,
    claims: PrivacyOrSession,
    parts: PartsDep,
    now: Now,
) -> ConsentChangeOut:
    """Give or take back consent to one purpose, at any time.

    It holds for sessions that start from now on: what was taken back is refused there (409
    `consent-withdrawn`) unless the policy does without it. Sessions that still run are named, so that people
    can end them. What was recognised of the candidate's speech cannot be opened from then on, and their nodes
    are told to recognise no more of it.
    """
    check_own_candidate(claims, candidate_id)

    silent = purpose is Purpose.SPEECH_TRANSCRIPTION and not body.given
    silenced: list[ExamSession] = []

    def work(db: Session) -> ConsentChangeOut:
        candidate = candidates.get_or_make(db, claims.tenant_id, candidate_id, now)
        candidates.lock(db, candidate)  # a session that is about to start sees what was said, or is seen here
        word = consents.record(db, candidate, purpose, body, recorded_by=claims.subject, now_utc=now)
        touched = [] if body.given else consents.running(db, candidate, now)
        if silent:
            excerpts.forget_all_of(db, candidate, now)
            keyring = parts.keys.keyring
            silenced.extend(one for one in touched if changing.silence(db, keyring, one))
        return ConsentChangeOut(
            consent=_out(word),
            running_sessions=[
                session.reference
                for session in touched
                if serves(Policy.model_validate(session.policy), purpose)
            ],
        )

    changed = await parts.writing(work)
    if silent:
        told = (telling.tell(parts, session) for session in silenced)
        await asyncio.gather(asyncio.to_thread(parts.database.scrub), *told)
    return changed


def _known(db: Session, claims: Claims, reference: str) -> Candidate:
    candidate = candidates.find(db, claims.tenant_id, reference)
    if candidate is None:
        raise Rejected("there is no candidate of this id", code="candidate-unknown", status=404)
    return candidate


def _out(word: Word) -> ConsentOut:
    return ConsentOut(
        purpose=word.purpose,
        given=word.given,
        basis=word.basis,
        text_version=word.text_version,
        language=word.language,
        recorded_by=word.recorded_by,
        recorded_at=word.at_utc,
    )
