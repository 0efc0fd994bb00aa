"""A person of whom there is a row in every table whose rows go with the person."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import func
from sqlmodel import Session, select

from coordinator.accommodations.tables import AccommodationVersion
from coordinator.alerts.tables import StoredAlert
from coordinator.candidates.tables import FormerReference
from coordinator.destinations.tables import Delivery, DeliveryState, Destination
from coordinator.enrollments.face_tables import FacePair, PairState, PracticeCheck
from coordinator.exams.tables import Exam
from coordinator.ground.columns import Row
from coordinator.holds.tables import LegalHold
from coordinator.idempotency.tables import KeptAnswer
from coordinator.incidents.states import State
from coordinator.keys.tables import Key, RetentionClass
from coordinator.privacy.places import ERASED
from coordinator.reviews.states import Act
from coordinator.reviews.tables import ReviewAct, VerdictFinding
from coordinator.sessions.binding import DeviceState
from coordinator.sessions.tables import Device
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from coordinator.tokens.tables import IssuedToken
from shared.api.destinations import DestinationFilter
from shared.deliveries import DeliveryKind, DestinationKind
from shared.holds import HeldThing
from shared.tokens import Role
from tests.support.retained import Rows, Sat, sat

_TABLES: Final = {table.name: table for table in Row.metadata.sorted_tables}
BY_HEADER: Final = frozenset({"parked_messages"})
"""Found by what a message says of itself, not by a column."""


def known_everywhere(db: Session, number: int, over_utc: datetime, told_utc: datetime, like: Sat) -> Sat:
    """A person; `told_utc`: when the institution's system was told something about it; `like`: somebody whose
    face is like theirs."""
    rows = Rows()
    one = sat(rows, number, over_utc, exam=f"EXAM-{number}")
    rows.store(db)
    rows, at = Rows(), {"created_utc": over_utc}
    exam = rows.add(Exam, reference=f"EXAM-{number}", title="", details={}, updated_utc=over_utc, **at)
    office = rows.add(
        Destination,
        kind=DestinationKind.WEBHOOK,
        name="office",
        url="https://office.example.org/",
        wanted=DestinationFilter().model_dump(mode="json"),
        created_by="alice",
        **at,
    )
    rows.store(db)
    _add_of_session(db, one, office, told_utc)
    _add_of_person(db, number, one, exam, like)
    db.flush()
    return one


def _add_of_session(db: Session, one: Sat, office: UUID, told_utc: datetime) -> None:
    rows, mine = Rows(), {"session_id": one.session_id}
    alert = db.exec(select(StoredAlert.id).where(StoredAlert.session_id == one.session_id)).one()
    rows.add(Device, key=uuid4().hex, state=DeviceState.BOUND, challenge="", **mine)
    act = rows.add(
        ReviewAct,
        incident_id=one.incident_id,
        act=Act.DISMISS,
        actor="ann",
        role=Role.PROCTOR,
        state=State.DISMISSED,
        at_utc=told_utc,
    )
    rows.store(db)
    db.add(VerdictFinding(act_id=act, alert_id=alert, tenant_id=DEFAULT_TENANT_ID))
    db.add(
        Delivery(
            destination_id=office,
            tenant_id=DEFAULT_TENANT_ID,
            parcel_id=uuid4(),
            kind=DeliveryKind.VERDICT_GIVEN,
            subject_id=act,
            revision=0,
            epoch=0,
            state=DeliveryState.WAITING,
            attempts=0,
            noted_utc=told_utc,
            due_utc=told_utc,
            next_try_utc=told_utc,
            session_id=one.session_id,
        )
    )


def _add_of_person(db: Session, number: int, one: Sat, exam: UUID, other: Sat) -> None:
    rows, mine, over_utc = Rows(), {"candidate_id": one.candidate_id}, one.over_utc
    of_exam, of_face = (_key(db, one, kind) for kind in (RetentionClass.EXAM, RetentionClass.TEMPLATE))
    rows.add(PracticeCheck, outcomes=[], checked_utc=over_utc, **mine)
    rows.add(
        FacePair,
        candidate_id=other.candidate_id,
        other_id=one.candidate_id,
        details_sealed=b"sealed",
        data_key_id=of_face,
        state=PairState.OPEN,
        found_by="ann",
        found_utc=over_utc,
    )
    rows.add(
        AccommodationVersion,
        exam_id=exam,
        version=1,
        data_key_id=of_exam,
        terms_sealed=b"sealed",
        changed_by="ann",
        created_utc=over_utc,
        **mine,
    )
    for session_id in (None, one.session_id):
        former = {"session_id": session_id, "reference_hash": uuid4().bytes}
        rows.add(FormerReference, corrected_utc=over_utc, **former, **mine)
    rows.add(
        LegalHold,
        thing=HeldThing.CANDIDATE,
        reason_sealed=b"why",
        held_by="dora",
        held_utc=over_utc,
        released_utc=over_utc,
        **mine,
    )
    rows.add(
        KeptAnswer,
        request_hash=uuid4().bytes,
        body_hash=b"1",
        answer_sealed=b"an answer",
        candidate_reference=f"CAND-{number}",
        created_utc=over_utc,
    )
    rows.add(
        IssuedToken,
        subject=f"CAND-{number}",
        role=Role.CANDIDATE,
        kid="k",
        issued_by="alice",
        created_utc=over_utc,
        expires_utc=over_utc,
    )
    rows.store(db)


def _key(db: Session, one: Sat, kind: RetentionClass) -> UUID:
    wanted = select(Key.id).where(Key.candidate_id == one.candidate_id, Key.retention_class == kind)
    return db.exec(wanted.limit(1)).one()


def rows_left(db: Session) -> dict[str, int]:
    """How many rows there are in each of the tables whose rows go with a person."""
    names = sorted(ERASED.keys() - BY_HEADER)
    return {
        name: db.connection().execute(select(func.count()).select_from(_TABLES[name])).scalar_one()
        for name in names
    }
