"""Sessions in every state that decides whether they count, stored, and one of another institution."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlmodel import Session

from coordinator.candidates import service as candidates
from coordinator.candidates.tables import Candidate
from coordinator.ground.database import Database
from coordinator.ground.ids import uuid7
from coordinator.ground.keyring import Keyring
from coordinator.keys.tables import Key
from coordinator.nodes import assignments_service as assignments, service as nodes
from coordinator.nodes.assignments import Because
from coordinator.nodes.tables import Assignment
from coordinator.sessions import details_service as details
from coordinator.sessions.service import Found
from coordinator.sessions.tables import ExamSession
from coordinator.tenants.tables import DEFAULT_TENANT_ID, Tenant
from tests.support.sittings import START, EdgeNode, second_of, sit

SECOND: Final = timedelta(seconds=1)
NOW: Final = second_of(3_600.0)
"""When the questions are asked."""
LEFT: Final = second_of(3_000.0)
"""When MOVED went from the first node to the next one."""
THEIRS: Final = UUID(int=4711)
"""The other institution."""


@dataclass(frozen=True, kw_only=True)
class Rows:
    """The sessions by name. All are of one candidate and one exam, unless the name says otherwise.

    RUNS, SISTER     run on the first node
    LAST-SECOND      runs for one more second
    OTHER-EXAM       runs, in another exam
    MOVED            runs on the next node, and was on the first one
    NEIGHBOUR        runs, of another candidate
    NEW              the same, started and assigned this very instant
    FOREIGN          runs on the first node, of another institution
    DUE, ENDED       are over: expired this very instant, ended a minute ago; both are on a third node
    """

    keyring: Keyring
    nodes: tuple[EdgeNode, EdgeNode, EdgeNode]
    ids: dict[str, UUID]

    @property
    def first(self) -> UUID:
        return self.nodes[0].node_id

    @property
    def following(self) -> UUID:
        return self.nodes[1].node_id

    @property
    def third(self) -> UUID:
        return self.nodes[2].node_id

    def names(self, session_ids: Iterable[UUID]) -> list[str]:
        """The names of sessions, in this order."""
        by_id = {session_id: name for name, session_id in self.ids.items()}
        return [by_id[one] for one in session_ids]

    def found(self, db: Session, name: str) -> Found:
        """A session as it is stored."""
        session = self.session(db, name)
        own = [one for one in self.assigned(db, name) if one.to_utc is None]
        return Found(session, db.get_one(Candidate, session.candidate_id), own[0])

    def session(self, db: Session, name: str) -> ExamSession:
        return db.get_one(ExamSession, self.ids[name])

    def assigned(self, db: Session, name: str) -> list[Assignment]:
        """Its assignments, the first first."""
        held = assignments.held(db, [self.ids[name]])[self.ids[name]]
        return [db.get_one(Assignment, (self.ids[name], one.epoch)) for one in held]


def rows(database: Database, keyring: Keyring) -> Rows:
    """All of them, stored."""
    first, following, third = EdgeNode(), EdgeNode(), EdgeNode()
    runs = sit(database, keyring, first, "RUNS").session
    with database.write() as db:
        nodes.seed(db, [following.section, third.section], START)
        db.add(Tenant(id=THEIRS, name="another institution", created_utc=START))
        db.flush()
        neighbour = _candidate(db, DEFAULT_TENANT_ID, "NEIGHBOUR").id
        foreign = _candidate(db, THEIRS, "STU-RUNS").id
        made = _Maker(db, keyring, db.get_one(ExamSession, runs.id))
        ids = {
            "RUNS": made.readable(db.get_one(ExamSession, runs.id)).id,
            "SISTER": made.beside("SISTER", first, started_utc=START + SECOND),
            "OTHER-EXAM": made.beside(
                "OTHER-EXAM", first, exam_reference="CHEM-101", started_utc=START + 2 * SECOND
            ),
            "LAST-SECOND": made.beside(
                "LAST-SECOND", first, expires_utc=NOW + SECOND, started_utc=START + 3 * SECOND
            ),
            "MOVED": made.beside("MOVED", first, started_utc=START + 4 * SECOND),
            "NEIGHBOUR": made.beside(
                "NEIGHBOUR", first, candidate_id=neighbour, started_utc=START + 5 * SECOND
            ),
            "NEW": made.beside(
                "NEW",
                first,
                NOW,
                candidate_id=neighbour,
                started_utc=NOW,
                expires_utc=NOW + timedelta(hours=8),
            ),
            "FOREIGN": made.beside(
                "FOREIGN",
                first,
                tenant_id=THEIRS,
                candidate_id=foreign,
                started_utc=START + 6 * SECOND,
            ),
            "DUE": made.beside("DUE", third, expires_utc=NOW),
            "ENDED": made.beside("ENDED", third, ended_utc=NOW - 60 * SECOND),
        }
        former = db.get_one(Assignment, (ids["MOVED"], 1))
        assignments.hand_over(db, former, following.node_id, LEFT, Because.ASKED)
    return Rows(keyring=keyring, nodes=(first, following, third), ids=ids)


def _candidate(db: Session, tenant_id: UUID, reference: str) -> Candidate:
    return candidates.get_or_make(db, tenant_id, reference, START, may_be_new=True)


@dataclass(frozen=True)
class _Maker:
    """Makes sessions like one that is there."""

    db: Session
    keyring: Keyring
    like: ExamSession

    def beside(self, reference: str, node: EdgeNode, from_utc: datetime = START, **changes: Any) -> UUID:
        fields = {**self.like.model_dump(), "id": uuid7(), "reference": reference, **changes}
        session = self.readable(ExamSession(**fields))
        self.db.flush()
        own = Assignment(
            session_id=session.id,
            epoch=1,
            tenant_id=session.tenant_id,
            node_id=node.node_id,
            from_utc=from_utc,
        )
        self.db.add(own)
        return session.id

    def readable(self, session: ExamSession) -> ExamSession:
        """The session with details that can be opened."""
        key = self.db.get_one(Key, session.data_key_id)
        session.details_sealed = details.seal_details(self.keyring, key, session.id, {})
        self.db.add(session)
        return session
