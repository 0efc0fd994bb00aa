"""Reads and writes candidates' consents in the database. Flushes, never commits."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select, tuple_

from coordinator.candidates.tables import Candidate
from coordinator.consents.tables import Consent
from coordinator.consents.words import Word, latest, withheld
from coordinator.ground.ids import uuid7
from coordinator.sessions.tables import Acknowledgement, ExamSession
from coordinator.web_api.cursors import Cursor, cut
from shared.api.exams import Acknowledged, ConsentRequest
from shared.consents import Purpose
from shared.policy.schema import Policy


def record(
    db: Session,
    candidate: Candidate,
    purpose: Purpose,
    said: ConsentRequest,
    *,
    recorded_by: str,
    now_utc: datetime,
) -> Word:
    """Record a yes or no. If it is in force already in the same words, nothing is added and that one is
    returned."""
    newest = _newest(db, candidate, purpose)
    if newest is not None and _way(newest) == _way(said) and _in_force(db, candidate, newest):
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
        on_paper=said.on_paper,
        created_utc=now_utc,
    )
    db.add(row)
    db.flush()
    return _word(row)


def record_acknowledged(
    db: Session,
    candidate: Candidate,
    purposes: Iterable[Purpose],
    said: Acknowledged,
    *,
    recorded_by: str,
    now_utc: datetime,
) -> None:
    """Record that the candidate acknowledged these purposes elsewhere than on its page. A withdrawn purpose
    stays withdrawn: agreeing to it again needs a separate consent."""
    known = latest(words_of(db, candidate))
    given = ConsentRequest(given=True, **said.model_dump())
    for purpose in purposes:
        if purpose not in known or known[purpose].given:
            record(db, candidate, purpose, given, recorded_by=recorded_by, now_utc=now_utc)


def settle(db: Session, candidate: Candidate, session: ExamSession) -> bool:
    """Record the purposes that are withheld from a session now. Returns False if nothing has changed."""
    found = withheld(latest(words_of(db, candidate)), Policy.model_validate(session.policy))
    before, session.withheld = session.withheld, {str(purpose): str(why) for purpose, why in found.items()}
    db.flush()
    return session.withheld != before


def words_of(db: Session, candidate: Candidate) -> list[Word]:
    """The newest consent to each purpose, and every acknowledgement of a notice."""
    said = (_newest(db, candidate, purpose) for purpose in Purpose)
    return [*(_word(row) for row in said if row is not None), *acknowledged(db, candidate)]


def acknowledged(db: Session, candidate: Candidate) -> list[Word]:
    """Every purpose that the candidate acknowledged with a session's notice."""
    rows = db.exec(
        select(Acknowledgement).where(
            Acknowledgement.tenant_id == candidate.tenant_id, Acknowledgement.candidate_id == candidate.id
        )
    )
    return [word for row in rows for word in _acknowledged(row, candidate.reference)]


def history(
    db: Session, candidate: Candidate, after: Cursor | None, limit: int
) -> tuple[list[Word], Cursor | None]:
    """A page of consents and withdrawals, the newest first, with the next page's cursor."""
    place = (col(Consent.created_utc), col(Consent.id))
    wanted = select(Consent).where(
        Consent.tenant_id == candidate.tenant_id, Consent.candidate_id == candidate.id
    )
    if after is not None:
        wanted = wanted.where(tuple_(*place) < after)
    rows = db.exec(wanted.order_by(*(each.desc() for each in place)).limit(limit + 1)).all()
    shown, following = cut(rows, limit, lambda row: Cursor(row.created_utc, row.id))
    return [_word(row) for row in shown], following


def answers_to(db: Session, tenant_id: UUID, purpose: Purpose) -> dict[UUID, bool]:
    """By candidate of an institution, the latest consent (True) or withdrawal (False) of a purpose."""
    wanted = (
        select(Consent.candidate_id, Consent.given)
        .where(Consent.tenant_id == tenant_id, Consent.purpose == purpose)
        .order_by(col(Consent.created_utc), col(Consent.id))
    )
    return dict(db.exec(wanted).all())


def withdrawn(db: Session, tenant_id: UUID, purpose: Purpose) -> set[UUID]:
    """The candidates of an institution who have withdrawn their consent to a purpose, even if they
    acknowledged a later notice: a search needs a separate yes."""
    return {owner for owner, given in answers_to(db, tenant_id, purpose).items() if not given}


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


def _in_force(db: Session, candidate: Candidate, newest: Consent) -> bool:
    """Whether a consent still says what counts; a notice that was acknowledged later may say otherwise."""
    return latest(words_of(db, candidate))[newest.purpose].given == newest.given


def _way(said: Consent | ConsentRequest) -> tuple[bool, str, str, bool]:
    return said.given, said.text_version, said.language, said.on_paper


def _word(row: Consent) -> Word:
    return Word(
        purpose=row.purpose,
        given=row.given,
        basis="consent",
        text_version=row.text_version,
        language=row.language,
        recorded_by=row.recorded_by,
        at_utc=row.created_utc,
        on_paper=row.on_paper,
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
