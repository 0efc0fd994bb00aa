"""A session in the database and the node that watches it: signed, sealed alerts as a real node makes them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coordinator.candidates import service as candidates
from coordinator.config import NodeSection
from coordinator.ground.database import Database
from coordinator.ground.ids import uuid7
from coordinator.ground.keyring import Keyring
from coordinator.keys import service as keys
from coordinator.nodes import assignments_service as assignments, service as nodes
from coordinator.nodes.tables import Assignment
from coordinator.sessions.tables import ExamSession
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared import subjects
from shared.alerts import Alert, AlertHeader, AlertMetadata, alert_id, encode_alert
from shared.events.table import event_class, lane
from shared.events.types import Action, EventType
from shared.sealing import (
    new_sealing_key,
    pack,
    parse_sealing_public,
    sealing_public_text,
    signing_public_text,
)
from tests.support.album import parcels, pictures_of, with_parcels

START = datetime(2026, 11, 22, 14, tzinfo=UTC)


def second_of(at_s: float) -> datetime:
    """The instant so many seconds after the start of every sitting."""
    return START + timedelta(seconds=at_s)


@dataclass(frozen=True, kw_only=True)
class EdgeNode:
    """A node's identity and its outbox's."""

    node_id: UUID = field(default_factory=uuid4)
    outbox_id: UUID = field(default_factory=uuid4)
    signing: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    sealing: Any = field(default_factory=new_sealing_key)

    @property
    def section(self) -> NodeSection:
        """How the coordinator's configuration names it."""
        text = signing_public_text(self.signing.public_key())
        return NodeSection(node_id=self.node_id, region="local", signing_key=text)

    @property
    def sealing_text(self) -> str:
        return sealing_public_text(self.sealing.public_key())


@dataclass(frozen=True, kw_only=True)
class Sitting:
    """One session and all that its node knows of it."""

    node: EdgeNode
    session: ExamSession
    seal_key: str
    evidence_key_id: UUID
    evidence_key: str
    candidate: str
    epoch: int = 1
    """Of the assignment that the node watches under."""

    def alert(self, onset_s: float = 60.0, **changes: Any) -> Alert:
        """An alert of this session as its node writes it."""
        event = EventType(changes.pop("event_type", EventType.MULTIPLE_FACES))
        onset = START + timedelta(seconds=onset_s)
        written = {
            "event_id": alert_id(self.session.id, event, onset_s),
            "event_type": event,
            "event_class": event_class(event),
            "severity_score": 0.7 if event_class(event) in ("conduct", "identity") else 0.0,
            "confidence": 0.9,
            "exam_session_id": self.session.reference,
            "candidate_id": self.candidate,
            "exam_id": self.session.exam_reference,
            "onset": onset,
            "raised": onset + timedelta(seconds=3),
            "duration": 3.0,
            "evidence": {"faces": 2},
            "explanation": "Two faces for 3 s.",
            "metadata": self.metadata(),
            "action_required": Action.ESCALATE,
            "message": "More than one face is visible.",
        }
        return Alert.model_validate(written | changes)

    def metadata(self) -> AlertMetadata:
        return AlertMetadata(
            node=self.node.node_id,
            region="local",
            models={"face": "yunet@1"},
            device="cpu",
            policy_version=1,
            degradation_level=1,
            trace_id="0" * 32,
        )

    def message(self, alert: Alert, sequence: int, *, body: bytes | None = None, **header: Any) -> bytes:
        """The signed, sealed message of an alert with its pictures beside it; `header` changes what the clear
        part says."""
        about = self.header(alert, sequence).model_copy(update=header)
        seal_to = parse_sealing_public(self.seal_key)
        body = encode_alert(alert) if body is None else body
        message = pack(about.model_dump(mode="json"), body, self.node.signing, seal_to=seal_to)
        return with_parcels(message, self.parcels(alert, about))

    def parcels(self, alert: Alert, about: AlertHeader) -> list[bytes]:
        """An alert's pictures as its node seals them."""
        to = (self.evidence_key_id, self.evidence_key)
        return parcels(pictures_of(alert), about, *to, self.node.signing)

    def header(self, alert: Alert, sequence: int) -> AlertHeader:
        """The clear part of an alert's message."""
        return AlertHeader(
            alert_id=alert.event_id,
            revision=1,
            tenant_id=self.session.tenant_id,
            session_id=self.session.id,
            node_id=self.node.node_id,
            outbox_id=self.node.outbox_id,
            lane=lane(alert.event_type),
            sequence=sequence,
            event_class=alert.event_class,
            epoch=self.epoch,
            key_id=self.session.seal_key_id,
            created_utc=START,
        )

    def subject(self, alert: Alert) -> str:
        return subjects.alert(self.node.node_id, lane(alert.event_type))

    def by(self, node: EdgeNode, epoch: int = 1) -> Sitting:
        """The same session in the hands of another node."""
        return replace(self, node=node, epoch=epoch)


def sit(database: Database, keyring: Keyring, node: EdgeNode, reference: str = "EXAM-1") -> Sitting:
    """A running session of one candidate on a node."""
    candidate_name = f"STU-{reference}"
    with database.write() as db:
        nodes.seed(db, [node.section], START)
        candidate = candidates.get_or_make(db, DEFAULT_TENANT_ID, candidate_name, START, may_be_new=True)
        seal, data = keys.propose_exam_keys(db, keyring, candidate, "BIO-101", START)
        assert keys.keep(db, seal)
        assert keys.keep(db, data)
        evidence, evidence_data = keys.propose_evidence_keys(db, keyring, candidate, "BIO-101", START)
        assert keys.keep(db, evidence)
        assert keys.keep(db, evidence_data)
        session = ExamSession(
            id=uuid7(),
            tenant_id=DEFAULT_TENANT_ID,
            reference=reference,
            candidate_id=candidate.id,
            exam_reference="BIO-101",
            seal_key_id=seal.id,
            data_key_id=data.id,
            policy={},
            policy_version=1,
            signaling_url="ws://edge/signal",
            whip_url="http://edge/whip",
            details_sealed=b"",
            started_utc=START,
            begins_utc=START,
            expires_utc=START + timedelta(hours=4),
        )
        db.add(session)
        db.flush()
        db.add(
            Assignment(
                session_id=session.id,
                epoch=1,
                tenant_id=DEFAULT_TENANT_ID,
                node_id=node.node_id,
                from_utc=START,
            )
        )
    assert seal.public_key is not None
    assert evidence.public_key is not None
    return Sitting(
        node=node,
        session=session,
        seal_key=seal.public_key,
        evidence_key_id=evidence.id,
        evidence_key=evidence.public_key,
        candidate=candidate_name,
    )


def hand_over(database: Database, sitting: Sitting, node: EdgeNode, at_s: float) -> Sitting:
    """The session in the hands of the next node, from so many seconds after its start on."""
    with database.write() as db:
        nodes.seed(db, [node.section], START)
        former = db.get_one(Assignment, (sitting.session.id, sitting.epoch))
        following = assignments.hand_over(db, former, node.node_id, second_of(at_s))
    return sitting.by(node, following.epoch)
