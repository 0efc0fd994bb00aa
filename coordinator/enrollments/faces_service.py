"""Reads and writes checks before the exam and pairs of similar faces in the database. Flushes, never
commits."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, or_
from sqlmodel import Session, col, delete, func, select, tuple_

from coordinator.candidates.tables import Candidate
from coordinator.consents import service as consents
from coordinator.enrollments import templates_service as templates
from coordinator.enrollments.face_tables import FacePair, PairState, PracticeCheck
from coordinator.enrollments.replacing import expired
from coordinator.enrollments.tables import Enrollment, FaceTemplate
from coordinator.enrollments.templates_service import Enrolled
from coordinator.ground.acting import concerns
from coordinator.ground.ids import uuid7
from coordinator.ground.keyring import Keyring
from coordinator.ground.sealed_fields import Place
from coordinator.keys import service as keys
from coordinator.keys.tables import Key
from coordinator.web_api.cursors import Cursor, cut
from shared.consents import Purpose
from shared.errors import Rejected
from shared.messages.faces import Template

MAX_SEARCHED: Final = 20_000
"""The limit of faces in one search: some seconds of one thread."""
CHECK_COUNTS_FOR: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Searchable:
    """The templates that may be searched, and the number of other faces."""

    templates: dict[UUID, Template]
    """By candidate, of one recogniser."""
    left_out: int


@dataclass(frozen=True, slots=True)
class NewPair:
    """The candidate who was found, the similarity, and the recogniser."""

    other_id: UUID
    details: dict[str, Any]
    found_by: str
    found_utc: datetime


@dataclass(frozen=True, slots=True)
class FoundPair:
    """A pair with its candidates."""

    pair: FacePair
    candidate: Candidate
    other: Candidate
    details: dict[str, Any]
    """Empty if its key is destroyed."""


def keep_check(db: Session, candidate: Candidate, outcomes: dict[str, str], now_utc: datetime) -> None:
    """Store the results of a check; nothing else of it is kept."""
    db.add(
        PracticeCheck(
            tenant_id=candidate.tenant_id, candidate_id=candidate.id, outcomes=outcomes, checked_utc=now_utc
        )
    )
    db.flush()


def last_check(db: Session, candidate: Candidate, now_utc: datetime) -> datetime | None:
    """The time of the candidate's last check, within the last day."""
    wanted = select(func.max(PracticeCheck.checked_utc)).where(
        PracticeCheck.candidate_id == candidate.id, PracticeCheck.checked_utc > now_utc - CHECK_COUNTS_FOR
    )
    return db.exec(wanted).one()


def searchable(
    db: Session, keyring: Keyring, candidate: Candidate, recogniser: str, now_utc: datetime
) -> Searchable:
    """The newest templates of all others who agreed to be searched.

    Raises `Rejected` (409 `consent-missing`) if the candidate did not agree, and (413 `search-too-large`) for
    more than `MAX_SEARCHED`.
    """
    agreed = _agreed(db, candidate.tenant_id)
    if candidate.id not in agreed:
        raise Rejected(
            "the candidate has not agreed to a search for its face", code="consent-missing", status=409
        )
    enrolled = _newest_enrollments(db, candidate, now_utc)
    wanted = {enrollment: owner for owner, enrollment in enrolled.items() if owner in agreed}
    everybody = select(func.count()).where(
        Candidate.tenant_id == candidate.tenant_id,
        Candidate.id != candidate.id,
        col(Candidate.erased_utc).is_(None),
    )
    others = db.exec(everybody).one()
    if len(wanted) > MAX_SEARCHED:
        raise Rejected(f"a search may have at most {MAX_SEARCHED} faces", code="search-too-large", status=413)
    vectors = {}
    for row, key in db.exec(
        select(FaceTemplate, Key)
        .join(Enrollment, col(Enrollment.id) == col(FaceTemplate.enrollment_id))
        .join(Key, col(Key.id) == col(Enrollment.data_key_id))
        .where(FaceTemplate.tenant_id == candidate.tenant_id, FaceTemplate.recogniser == recogniser)
    ):
        if row.enrollment_id in wanted and key.wrapped is not None:
            vectors[wanted[row.enrollment_id]] = templates.vector_of(keyring, key, row)
    return Searchable(vectors, others - len(vectors))


def keep_pair(db: Session, keyring: Keyring, candidate: Candidate, new: NewPair) -> FacePair:
    """Store a pair to look at, or return the open pair of the same two candidates."""
    other_id = new.other_id
    same = or_(
        and_(col(FacePair.candidate_id) == candidate.id, col(FacePair.other_id) == other_id),
        and_(col(FacePair.candidate_id) == other_id, col(FacePair.other_id) == candidate.id),
    )
    known = db.exec(select(FacePair).where(same, FacePair.state == PairState.OPEN)).first()
    if known is not None:
        return known
    row_id, key = uuid7(), keys.template_data_key(db, keyring, candidate, new.found_utc)
    pair = FacePair(
        id=row_id,
        tenant_id=candidate.tenant_id,
        candidate_id=candidate.id,
        other_id=other_id,
        details_sealed=keyring.seal_field(key, _place(row_id), json.dumps(new.details).encode()),
        data_key_id=key.id,
        state=PairState.OPEN,
        found_by=new.found_by,
        found_utc=new.found_utc,
    )
    db.add(pair)
    db.flush()
    return pair


def find_pair(db: Session, keyring: Keyring, tenant_id: UUID, pair_id: UUID) -> FoundPair:
    """A pair, locked. Raises `Rejected` (404 `pair-unknown`)."""
    wanted = select(FacePair).where(FacePair.tenant_id == tenant_id, FacePair.id == pair_id)
    pair = db.exec(wanted.with_for_update()).one_or_none()
    if pair is None:
        raise Rejected("there is no pair with this id", code="pair-unknown", status=404)
    concerns(tenant_id, candidate_id=pair.candidate_id)
    return opened(db, keyring, pair)


def opened(db: Session, keyring: Keyring, pair: FacePair) -> FoundPair:
    """A pair with its candidates and its opened details."""
    key = keys.get(db, pair.tenant_id, pair.data_key_id)
    details = {}
    if key.wrapped is not None:
        details = json.loads(keyring.open_field(key, _place(pair.id), pair.details_sealed))
    candidate, other = (db.get_one(Candidate, owner) for owner in (pair.candidate_id, pair.other_id))
    return FoundPair(pair, candidate, other, details)


def decide(
    db: Session, keyring: Keyring, found: FoundPair, said: PairState, text: str, by: str, now_utc: datetime
) -> None:
    """Store a person's decision on a pair, once. Raises `Rejected` (409 `decided-already`, 410 for an erased
    face)."""
    pair = found.pair
    if pair.state is not PairState.OPEN:
        raise Rejected("this has already been decided", code="decided-already", status=409)
    key = keys.get(db, pair.tenant_id, pair.data_key_id)
    found.details["text"] = text
    pair.details_sealed = keyring.seal_field(key, _place(pair.id), json.dumps(found.details).encode())
    pair.state, pair.decided_by, pair.decided_utc = said, by, now_utc
    db.flush()


def pairs(
    db: Session, tenant_id: UUID, states: Sequence[PairState], after: Cursor | None, limit: int
) -> tuple[Sequence[FacePair], Cursor | None]:
    """Pairs, newest first, and the next page's cursor."""
    wanted = select(FacePair).where(FacePair.tenant_id == tenant_id)
    place = (col(FacePair.found_utc), col(FacePair.id))
    if states:
        wanted = wanted.where(col(FacePair.state).in_(states))
    if after is not None:
        wanted = wanted.where(tuple_(*place) < after)
    rows = db.exec(wanted.order_by(*(each.desc() for each in place)).limit(limit + 1)).all()
    return cut(rows, limit, lambda row: Cursor(row.found_utc, row.id))


def forget(db: Session, candidate: Candidate) -> None:
    """Delete a candidate's checks, and the pairs it is part of."""
    db.exec(delete(PracticeCheck).where(col(PracticeCheck.candidate_id) == candidate.id))
    part = or_(col(FacePair.candidate_id) == candidate.id, col(FacePair.other_id) == candidate.id)
    db.exec(delete(FacePair).where(part))


def best_template(enrolled: Enrolled, recognisers: Sequence[str]) -> Template | None:
    """The candidate's template for the first of a node's recognisers for which there is one."""
    by_name = {template.recogniser: template for template in enrolled.templates}
    return next((by_name[name] for name in recognisers if name in by_name), None)


def _agreed(db: Session, tenant_id: UUID) -> set[UUID]:
    """The candidates who agreed to the search and have not withdrawn their consent to identity
    verification."""
    said = consents.answers_to(db, tenant_id, Purpose.IMPERSONATION_SEARCH)
    agreed = {owner for owner, given in said.items() if given}
    return agreed - consents.withdrawn(db, tenant_id, Purpose.IDENTITY_VERIFICATION)


def _newest_enrollments(db: Session, candidate: Candidate, now_utc: datetime) -> dict[UUID, UUID]:
    """The newest enrollments of all others, by candidate; expired ones are ignored."""
    wanted = (
        select(Enrollment)
        .where(Enrollment.tenant_id == candidate.tenant_id, Enrollment.candidate_id != candidate.id)
        .order_by(col(Enrollment.in_force_utc), col(Enrollment.id))
    )
    rows = db.exec(wanted).all()
    newest = {row.candidate_id: row for row in rows if row.in_force_utc is not None}
    since = {
        row.candidate_id: row.created_utc
        for row in rows
        if row.in_force_utc is None and row.decided_utc is None
    }
    return {
        owner: row.id
        for owner, row in newest.items()
        if not expired(row.expires_utc, since.get(owner), now_utc)
    }


def _place(pair_id: UUID) -> Place:
    return Place("face_pairs", "details_sealed", pair_id)
