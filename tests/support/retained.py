"""Many persons of one institution with everything that is kept of them, and what is left of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from sqlmodel import Session, col, func, insert, select, update

from coordinator.alerts.tables import StoredAlert
from coordinator.building import build
from coordinator.candidates.tables import Candidate
from coordinator.config import CoordinatorConfig
from coordinator.consents.tables import Consent
from coordinator.enrollments.tables import Enrollment, EnrollmentPicture, FaceTemplate
from coordinator.evidence.tables import Evidence
from coordinator.features.tables import FeatureBatch
from coordinator.ground.keyring import KeyKind
from coordinator.ground.own_keys import make_own_keys
from coordinator.incidents.states import State
from coordinator.incidents.tables import Incident, IncidentAlert
from coordinator.keys.tables import Key, RetentionClass
from coordinator.sessions.tables import Acknowledgement, ExamSession, JoinCode, SessionPolicy
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from coordinator.web_api.metrics import Metrics
from coordinator.web_api.parts import Parts
from shared.consents import Purpose
from shared.events.types import EventClass, EventType
from shared.policy.terms import Retention
from shared.retention import Kept
from shared.tokens import Role

EVERYTHING: Final = frozenset(Kept)


def stopped_parts(database_url: str, folder: Path) -> Parts:
    """A coordinator's parts on a database, without anything that runs."""
    config = CoordinatorConfig(data_folder=folder / "coordinator", database_url=database_url)
    make_own_keys(config.data_folder, None)
    return build(config, Metrics())


@dataclass(slots=True)
class Rows:
    """Rows to insert together, by table in the order of their references."""

    of: dict[Any, list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, table: Any, **values: Any) -> UUID:
        """A row of a table: every column that must have a value."""
        made = uuid4()
        own = {} if table is IncidentAlert else {"id": made}
        self.of.setdefault(table, []).append({**own, "tenant_id": DEFAULT_TENANT_ID, **values})
        return made

    def store(self, db: Session) -> None:
        for table, rows in self.of.items():
            db.connection().execute(insert(table), rows)


@dataclass(frozen=True, slots=True)
class Sat:
    """A person who sat one exam."""

    candidate_id: UUID
    session_id: UUID
    incident_id: UUID
    exam: str
    days: Retention
    over_utc: datetime


def sat(rows: Rows, number: int, over_utc: datetime, exam: str = "BIO", days: Retention | None = None) -> Sat:
    """A person with a face, one session, an alert with a picture, its incident, and consents."""
    began_utc = over_utc - timedelta(hours=2)
    terms = days or Retention()
    candidate = rows.add(Candidate, reference=f"CAND-{number}", created_utc=began_utc)
    mine = {"candidate_id": candidate, "created_utc": began_utc}
    template, data, picture, measured = (
        _pair(rows, mine, kind, "" if kind is RetentionClass.TEMPLATE else exam)
        for kind in (
            RetentionClass.TEMPLATE,
            RetentionClass.EXAM,
            RetentionClass.EVIDENCE,
            RetentionClass.FEATURES,
        )
    )
    enrollment = rows.add(
        Enrollment,
        **mine,
        exam_reference=exam,
        data_key_id=template[1],
        details_sealed=b"sealed",
        expires_utc=began_utc + timedelta(days=700),
        in_force_utc=began_utc,
    )
    rows.add(
        EnrollmentPicture, enrollment_id=enrollment, position=0, selected=True, measures_sealed=b"sealed"
    )
    rows.add(FaceTemplate, enrollment_id=enrollment, recogniser="arcface@1", vector_sealed=b"sealed")
    session = rows.add(
        ExamSession,
        reference=f"SESS-{number}",
        candidate_id=candidate,
        exam_reference=exam,
        seal_key_id=data[0],
        data_key_id=data[1],
        enrollment_id=enrollment,
        policy={"retention": terms.model_dump()},
        policy_version=1,
        device=0,
        signaling_url="",
        whip_url="",
        details_sealed=b"sealed",
        withheld={},
        started_utc=began_utc,
        begins_utc=began_utc,
        expires_utc=over_utc + timedelta(hours=1),
        ended_utc=over_utc,
    )
    incident = _alert(rows, session, began_utc, data[1], picture[1])
    rows.add(
        FeatureBatch,
        session_id=session,
        data_key_id=measured[1],
        body_sealed=b"sealed",
        received_utc=began_utc,
    )
    rows.add(
        SessionPolicy,
        session_id=session,
        version=2,
        version_before=1,
        policy={},
        changed_by="ann",
        role=Role.PROCTOR,
        reason_sealed=b"sealed",
        changed_utc=began_utc,
    )
    rows.add(JoinCode, session_id=session, code_hash=uuid4().bytes, created_utc=began_utc)
    rows.add(
        Acknowledgement,
        candidate_id=candidate,
        session_id=session,
        notice_version="1",
        language="en",
        purposes=[],
        acknowledged_utc=began_utc,
    )
    rows.add(
        Consent,
        **mine,
        purpose=Purpose.CAMERA_MONITORING,
        given=True,
        text_version="1",
        language="en",
        recorded_by="somebody",
        on_paper=False,
    )
    return Sat(candidate, session, incident, exam, terms, over_utc)


def _pair(rows: Rows, mine: dict[str, Any], kind: RetentionClass, scope: str) -> tuple[UUID, UUID]:
    made = (
        rows.add(
            Key, **mine, kind=one, retention_class=kind, scope=scope, wrapped=b"wrapped", master_version=1
        )
        for one in (KeyKind.SEALING, KeyKind.DATA)
    )
    return next(made), next(made)


def _alert(rows: Rows, session: UUID, at_utc: datetime, data: UUID, picture: UUID) -> UUID:
    alert = rows.add(
        StoredAlert,
        session_id=session,
        revision=1,
        event_type=EventType.MULTIPLE_FACES,
        event_class=EventClass.CONDUCT,
        severity_score=0.7,
        onset_utc=at_utc,
        raised_utc=at_utc,
        data_key_id=data,
        body_sealed=b"sealed",
        received_utc=at_utc,
    )
    rows.add(
        Evidence,
        session_id=session,
        alert_id=alert,
        data_key_id=picture,
        body_sealed=b"sealed",
        received_utc=at_utc,
    )
    incident = rows.add(
        Incident,
        session_id=session,
        state=State.OPEN,
        queue_place=1,
        severity=0.7,
        events=["MULTIPLE_FACES"],
        alert_count=1,
        begins_utc=at_utc,
        created_utc=at_utc,
    )
    rows.add(IncidentAlert, alert_id=alert, incident_id=incident)
    return incident


def set_state(db: Session, people: Iterable[Sat], state: State) -> None:
    """Let the incidents of these persons be in a state."""
    ids = [one.incident_id for one in people]
    db.exec(update(Incident).where(col(Incident.id).in_(ids)).values(state=state))


def left(db: Session) -> dict[UUID, frozenset[Kept]]:
    """The classes of which anything at all is left of each candidate; every row is looked at."""
    found: dict[UUID, set[Kept]] = {one: set() for one in db.exec(select(Candidate.id))}
    keys = {
        RetentionClass.TEMPLATE: Kept.TEMPLATES,
        RetentionClass.EVIDENCE: Kept.EVIDENCE,
        RetentionClass.EXAM: Kept.ALERTS,
        RetentionClass.FEATURES: Kept.FEATURES,
    }
    for owner, kind in db.exec(
        select(Key.candidate_id, Key.retention_class).where(col(Key.wrapped).is_not(None))
    ):
        found[owner].add(keys[RetentionClass(kind)])
    owners = dict(db.exec(select(ExamSession.id, ExamSession.candidate_id)).all())
    pictured = select(Evidence.session_id).where(func.length(Evidence.body_sealed) > 0)
    detailed = select(ExamSession.id).where(func.length(ExamSession.details_sealed) > 0)
    for kept, wanted in (
        (Kept.EVIDENCE, pictured),
        (Kept.FEATURES, select(FeatureBatch.session_id)),
        (Kept.ALERTS, select(StoredAlert.session_id)),
        (Kept.ALERTS, select(Evidence.session_id)),
        (Kept.ALERTS, select(Incident.session_id)),
        (Kept.ALERTS, detailed),
        (Kept.ALERTS, select(SessionPolicy.session_id).where(func.length(SessionPolicy.reason_sealed) > 0)),
        (Kept.RECORDS, select(SessionPolicy.session_id)),
        (Kept.RECORDS, select(JoinCode.session_id)),
        (Kept.RECORDS, select(Acknowledgement.session_id)),
        (Kept.RECORDS, select(ExamSession.id).where(~col(ExamSession.reference).startswith("~"))),
    ):
        for session in db.exec(wanted):
            found[owners[session]].add(kept)
    for kept, wanted in (
        (Kept.TEMPLATES, select(Enrollment.candidate_id)),
        (Kept.RECORDS, select(Consent.candidate_id)),
        (Kept.RECORDS, select(Candidate.id).where(~col(Candidate.reference).startswith("~"))),
    ):
        for owner in db.exec(wanted):
            found[owner].add(kept)
    counts = [db.exec(select(func.count()).select_from(table)).one() for table in (FaceTemplate, Enrollment)]
    assert counts[0] == counts[1], "templates without their enrollment"
    return {owner: frozenset(one) for owner, one in found.items()}
