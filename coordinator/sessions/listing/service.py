"""The list of sessions, worst first, from the database. Only reads."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Float, and_, literal, or_, tuple_
from sqlalchemy.sql.expression import Subquery
from sqlmodel import Session, col, func, select

from coordinator.candidates.tables import Candidate
from coordinator.ground.acting import concerns
from coordinator.incidents.states import State
from coordinator.incidents.tables import Incident
from coordinator.nodes import assignments_service as assignments
from coordinator.nodes.tables import Assignment
from coordinator.sessions.listing.cursor import SessionCursor
from coordinator.sessions.presence import service as presence
from coordinator.sessions.service import Found
from coordinator.sessions.tables import ExamSession
from coordinator.web_api.cursors import cut
from shared.api.sessions import SessionStatus

_EXPLAINED: Final = (State.DISMISSED, State.OVERTURNED, State.MERGED)
"""Incidents that no longer count for a session, or count in another incident."""
_WAITING: Final = (State.OPEN, State.SECONDING, State.APPEALED)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionQuery:
    """Selects sessions of an institution."""

    tenant_id: UUID
    exam: str | None = None
    candidate: str | None = None
    """The institution's own ids."""
    states: Sequence[SessionStatus] = ()
    min_severity: float = 0.0
    begins_with: str | None = None
    """The beginning of their ids."""
    after: SessionCursor | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Listed:
    """A session and a summary of its unmerged incidents."""

    found: Found
    worst: float
    waiting: int
    incidents: int
    opened_utc: datetime | None
    """When its candidate's page was opened."""


def page(db: Session, query: SessionQuery, now_utc: datetime) -> tuple[list[Listed], SessionCursor | None]:
    """Sessions by highest severity, newest first among equals, and the next page's cursor."""
    incidents = _worst_by_session(query.tenant_id)
    worst = func.coalesce(incidents.c.worst, literal(0.0, Float))
    order = (worst, col(ExamSession.started_utc), col(ExamSession.id))
    wanted = (
        select(ExamSession, Candidate, Assignment, worst)
        .join(Candidate, col(Candidate.id) == col(ExamSession.candidate_id))
        .join(Assignment, assignments.current_of(col(ExamSession.id)))
        .outerjoin(incidents, incidents.c.session_id == col(ExamSession.id))
        .where(
            ExamSession.tenant_id == query.tenant_id,
            col(ExamSession.erased_utc).is_(None),
            *_narrowed(query, now_utc),
        )
        .order_by(*(each.desc() for each in order))
        .limit(query.limit + 1)
    )
    if query.min_severity > 0:
        wanted = wanted.where(worst >= query.min_severity)
    if query.after is not None:
        wanted = wanted.where(tuple_(*order) < tuple(query.after))
    rows = db.exec(wanted).all()
    shown, following = cut(rows, query.limit, lambda row: _cursor(row[0], row[3]))
    if query.candidate is not None and rows:
        concerns(query.tenant_id, candidate_id=rows[0][1].id)
    ids = [session.id for session, *_ in shown]
    states, opened = _states(db, ids), presence.opened_utc(db, ids)
    listed = [
        Listed(
            found=Found(session, candidate, assignment),
            worst=float(severity),
            waiting=sum(states[session.id][state] for state in _WAITING),
            incidents=states[session.id].total(),
            opened_utc=opened.get(session.id),
        )
        for session, candidate, assignment, severity in shown
    ]
    return listed, following


def _worst_by_session(tenant_id: UUID) -> Subquery:
    return (
        select(Incident.session_id, func.max(Incident.severity).label("worst"))
        .where(Incident.tenant_id == tenant_id, col(Incident.state).not_in(_EXPLAINED))
        .group_by(col(Incident.session_id))
        .subquery()
    )


def _states(db: Session, session_ids: list[UUID]) -> defaultdict[UUID, Counter[State]]:
    counts: defaultdict[UUID, Counter[State]] = defaultdict(Counter)
    wanted = (
        select(Incident.session_id, Incident.state, func.count())
        .where(col(Incident.session_id).in_(session_ids), col(Incident.state).not_in(_EXPLAINED))
        .group_by(col(Incident.session_id), col(Incident.state))
    )
    for session_id, state, number in db.exec(wanted):
        counts[session_id][State(state)] = number
    return counts


def _narrowed(query: SessionQuery, now_utc: datetime) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if query.exam is not None:
        conditions.append(col(ExamSession.exam_reference) == query.exam)
    if query.candidate is not None:
        conditions.append(col(Candidate.reference) == query.candidate)
    if query.begins_with is not None:
        conditions.append(col(ExamSession.reference).startswith(query.begins_with, autoescape=True))
        # SQLite's LIKE takes small letters for capitals.
        begun = func.substr(ExamSession.reference, 1, len(query.begins_with))
        conditions.append(begun == query.begins_with)
    if query.states:
        conditions.append(or_(*(_stands(state, now_utc) for state in set(query.states))))
    return conditions


def _stands(state: SessionStatus, now_utc: datetime) -> ColumnElement[bool]:
    unended = col(ExamSession.ended_utc).is_(None)
    match state:
        case SessionStatus.ACTIVE:
            return and_(unended, col(ExamSession.expires_utc) > now_utc)
        case SessionStatus.EXPIRED:
            return and_(unended, col(ExamSession.expires_utc) <= now_utc)
        case SessionStatus.ENDED:
            return col(ExamSession.ended_utc).is_not(None)


def _cursor(session: ExamSession, worst: float) -> SessionCursor:
    return SessionCursor(float(worst), session.started_utc, session.id)
