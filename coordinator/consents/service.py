"""Consents in the database, and where a candidate stands. Flushes, never commits."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session, col, select, tuple_

from coordinator.candidates.tables import Candidate
from coordinator.consents.tables import Consent
from coordinator.consents.words import Word
from coordinator.ground.ids import uuid7
from coordinator.sessions.tables import Acknowledgement, ExamSession
from coordinator.web_api.cursors import Cursor, cut
from shared.api.exams import ConsentRequest
from shared.consents import Purpose


def record(
    db: Session,
    candidate: Candidate,
    purpose: Purpose,
    said: ConsentRequest,
    *,
    recorded_by: str,
    now_utc: datetime,
) -> Word:
    """Write down a yes or no; said again in the same words, the first one stands."""
    newest = _newest(db, candidate, purpose)
    if newest is not None and (newest.given, newest.text_version, newest.language) == (
        said.given,
        said.text_version,
        said.language,
    ):
        return _word(newest)
    row = Consent(
        id=uuid7(),
        tenant_id=candidate.tenant_id,
        candidate_id=candidate.id,
        purpose=purpose,
        given=said.given,
        text_version=said.text_version,
        language=said.language,
        recorded_by=recorded_by,
        created_utc=now_utc,
    )
    db.add(row)
    db.flush()
    return _word(row)


def words_of(db: Session, candidate: Candidate) -> list[Word]:
    """The newest consent to each purpose, and every acknowledgement of a notice."""
    said = (_newest(db, candidate, purpose) for purpose in Purpose)
    acknowledged = db.exec(
        select(Acknowledgement).where(
            Acknowledgement.tenant_id == candidate.tenant_id, Acknowledgement.candidate_id == candidate.id
        )
    ).all()
    return [
        *(_word(row) for row in said if row is not None),
        *(word for row in acknowledged for word in _acknowledged(row, candidate.reference)),
    ]


def history(
    db: Session, candidate: Candidate, after: Cursor | None, limit: int
) -> tuple[list[Word], Cursor | None]:
    """Every consent given and taken back, the newest first, and where the next page begins."""
    place = (col(Consent.created_utc), col(Consent.id))
    wanted = select(Consent).where(
        Consent.tenant_id == candidate.tenant_id, Consent.candidate_id == candidate.id
    )
    if after is not None:
        wanted = wanted.where(tuple_(*place) < after)
    rows = db.exec(wanted.order_by(*(each.desc() for each in place)).limit(limit + 1)).all()
    shown, following = cut(rows, limit, lambda row: Cursor(row.created_utc, row.id))
    return [_word(row) for row in shown], following


def running(db: Session, candidate: Candidate, now_utc: datetime) -> list[ExamSession]:
    """The candidate's sessions that run now."""
    wanted = select(ExamSession).where(
        ExamSession.candidate_id == candidate.id,
        col(ExamSession.ended_utc).is_(None),
        col(ExamSession.expires_utc) > now_utc,
    )
    return list(db.exec(wanted.order_by(col(ExamSession.started_utc))))


def _newest(db: Session, candidate: Candidate, purpose: Purpose) -> Consent | None:
    return db.exec(
        select(Consent)
        .where(
            Consent.tenant_id == candidate.tenant_id,
            Consent.candidate_id == candidate.id,
            Consent.purpose == purpose,
        )
        .order_by(col(Consent.created_utc).desc(), col(Consent.id).desc())
        .limit(1)
    ).one_or_none()


def _word(row: Consent) -> Word:
    return Word(
        purpose=row.purpose,
        given=row.given,
        basis="consent",
        text_version=row.text_version,
        language=row.language,
        recorded_by=row.recorded_by,
        at_utc=row.created_utc,
    )


def _acknowledged(row: Acknowledgement, candidate: str) -> Iterable[Word]:
    for purpose in row.purposes:
        yield Word(
            purpose=Purpose(purpose),
            given=True,
            basis="acknowledgement",
            text_version=row.notice_version,
            language=row.language,
            recorded_by=candidate,
            at_utc=row.acknowledged_utc,
        )
