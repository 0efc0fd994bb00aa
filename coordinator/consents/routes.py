"""Consents over REST: read a candidate's decisions and their history, give or withdraw consent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from sqlmodel import Session

from coordinator.candidates import service as candidates
from coordinator.candidates.tables import Candidate
from coordinator.consents import service as consents
from coordinator.consents.answers import word_out
from coordinator.consents.withdrawing import check_confirmed, told
from coordinator.consents.words import latest, serves
from coordinator.excerpts import service as excerpts
from coordinator.features import service as features
from coordinator.holds import covering, service as holds
from coordinator.sessions.changing import agreement_service as agreement, service as changing, telling
from coordinator.sessions.tables import ExamSession
from coordinator.web_api.cursors import PageParams, write_cursor
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import CandidateRef, Now, Parts, PartsDep
from coordinator.web_api.security import PrivacyOrSession, check_own_candidate
from shared.alerts import Alert, Shown
from shared.api.exams import ConsentChangeOut, ConsentPage, ConsentRequest, ConsentsOut
from shared.consents import Purpose
from shared.errors import Rejected
from shared.notices import RAISED
from shared.policy.schema import Policy
from shared.tokens import Claims, Role

router = APIRouter(prefix="/consents/{candidate_id}", tags=["consents"])


@router.get("", responses=problems(401, 403, 404))
async def get_consents(candidate_id: CandidateRef, claims: PrivacyOrSession, parts: PartsDep) -> ConsentsOut:
    """The candidate's latest decision on each purpose, given separately or with a session's notice."""
    check_own_candidate(claims, candidate_id)

    def work(db: Session) -> ConsentsOut:
        words = consents.words_of(db, candidates.known(db, claims.tenant_id, candidate_id))
        items = [word_out(word) for _, word in sorted(latest(words).items())]
        return ConsentsOut(candidate_id=candidate_id, items=items)

    return await parts.reading(work)


@router.get("/history", responses=problems(401, 403, 404))
async def list_consents(
    candidate_id: CandidateRef,
    params: Annotated[PageParams, Query()],
    claims: PrivacyOrSession,
    parts: PartsDep,
) -> ConsentPage:
    """Every consent and withdrawal, the newest first. Acknowledgements are recorded with their sessions."""
    check_own_candidate(claims, candidate_id)

    def work(db: Session) -> ConsentPage:
        candidate = candidates.known(db, claims.tenant_id, candidate_id)
        words, following = consents.history(db, candidate, params.after, params.limit)
        return ConsentPage(items=[word_out(word) for word in words], next_cursor=write_cursor(following))

    return await parts.reading(work)


@router.put("/{purpose}", responses=problems(401, 403, 404, 409))
async def put_consent(
    candidate_id: CandidateRef,
    purpose: Purpose,
    body: ConsentRequest,
    claims: PrivacyOrSession,
    parts: PartsDep,
    now: Now,
) -> ConsentChangeOut:
    """Give or withdraw consent to one purpose, at any time.

    A withdrawal must be confirmed (409 `withdrawal-unconfirmed` says what it stops). It reaches running
    sessions at once: they go on without the purpose, their nodes forget what they held for it, and staff see
    "withdrawn". Consent given again lets them go on as before. A session that starts later is refused (409
    `consent-withdrawn`) unless its policy does without the purpose. Words recognised before the withdrawal
    cannot be opened from then on, and no session that runs recognises them again. The same holds of logged
    features, but while a legal hold keeps them: then nothing more is logged, what there is is used for
    nothing, and it is destroyed within an hour of the hold's end.

    A candidate that is not known is refused (404 `candidate-unknown`), unless the request has the candidate's
    own token, or staff set `allow_unregistered`.
    """
    check_own_candidate(claims, candidate_id)
    if claims.role is Role.CANDIDATE and body.allow_unregistered:
        raise Rejected("only staff may name a candidate who is not known here", code="staff-only", status=403)
    check_confirmed(purpose, given=body.given, confirm=body.confirm)
    if body.on_paper and claims.role is Role.CANDIDATE:
        raise Rejected("only staff record what was said on paper", code="on-paper-by-staff", status=403)
    done = await parts.writing(lambda db: _put(db, parts, claims, (candidate_id, purpose, body), now))
    for session, alert in done.noted:
        parts.rooms.tell(session.id, Shown(alert), RAISED)
    after: list[Awaitable[object]] = [telling.tell(parts, session) for session in done.changed]
    if done.scrub:
        after.append(asyncio.to_thread(parts.database.scrub))
    await asyncio.gather(*after)
    return done.answer


@dataclass(frozen=True, slots=True)
class _Put:
    """What a decision on a purpose has changed."""

    answer: ConsentChangeOut
    noted: list[tuple[ExamSession, Alert]]
    """The new alerts on the timelines of sessions."""
    changed: list[ExamSession]
    """Sessions whose nodes must be told."""
    scrub: bool
    """Whether keys were destroyed."""


def _put(
    db: Session, parts: Parts, claims: Claims, said: tuple[str, Purpose, ConsentRequest], now: datetime
) -> _Put:
    reference, purpose, body = said
    keyring = parts.keys.keyring
    # A candidate with its own token is known to the issuer of that token.
    may_be_new = body.allow_unregistered or claims.role is Role.CANDIDATE
    candidate = candidates.get_or_make(db, claims.tenant_id, reference, now, may_be_new=may_be_new)
    holds.settle(db, [candidate.id])
    candidates.lock(db, candidate)  # a session that is about to start sees this consent, or is seen here
    word = consents.record(db, candidate, purpose, body, recorded_by=claims.subject, now_utc=now)
    running = agreement.running(db, candidate, now)
    notes = [
        (found.session, agreement.note(db, keyring, found, purpose, given=body.given, now_utc=now))
        for found in running
    ]
    noted = [(session, alert) for session, alert in notes if alert is not None]
    unlogged, held = 0, frozenset[str]()
    if purpose is Purpose.FEATURE_LOG and not body.given:
        held = _held(db, candidate, now)
        unlogged = features.forget_all_of(db, candidate, held, now)
    silent = purpose is Purpose.SPEECH_TRANSCRIPTION and not body.given
    changed = [session for session, _ in noted]
    if silent:
        excerpts.forget_all_of(db, candidate, now)
        changed += [one.session for one in running if changing.silence(db, keyring, one.session)]
    if unlogged:
        changed += [one.session for one in running if _serves(one.session, purpose)]
    served = [] if body.given else [one.session for one in running if _serves(one.session, purpose)]
    answer = ConsentChangeOut(
        consent=word_out(word),
        running_sessions=[session.reference for session in served],
        message=told(purpose, given=body.given, held=bool(held)),
    )
    return _Put(answer, noted, changed, silent or unlogged > 0)


def _held(db: Session, candidate: Candidate, now: datetime) -> frozenset[str]:
    """The exams whose log of features a legal hold keeps."""
    found = holds.on_person(db, candidate.tenant_id, candidate.id, now)
    logged = features.exams_logged(db, candidate.id)
    return frozenset(one for one in logged if covering.held(found, candidate.id, {one}, now))


def _serves(session: ExamSession, purpose: Purpose) -> bool:
    return serves(Policy.model_validate(session.policy), purpose)
