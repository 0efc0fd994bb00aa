"""One believable alert and its keys, for tests that only move alerts about."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge.judging.alerts import AlertRevision
from edge.node_identity import Identity
from edge.outbound.envelope import Envelope
from shared.alerts import Alert, AlertMetadata, alert_id
from shared.events.table import event_class, lane
from shared.events.types import Action, EventType, Lane
from shared.sealing import sealing_public_text
from tests.support.album import EVIDENCE_KEY, pictured, pictures_of

MADE_UTC = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
SESSION = UUID("11111111-1111-4111-8111-111111111111")


def first_revision(made: Alert) -> AlertRevision:
    """An alert as it is written when it is raised: with its pictures."""
    return AlertRevision(made, 1, pictures=pictures_of(made))


def new_identity() -> Identity:
    return Identity(uuid4(), Ed25519PrivateKey.generate(), X25519PrivateKey.generate())


def envelope_to(key: X25519PrivateKey, session_id: UUID) -> Envelope:
    return Envelope(
        tenant_id=uuid4(),
        session_id=session_id,
        epoch=1,
        key_id=uuid4(),
        seal_to=sealing_public_text(key.public_key()),
        evidence_key_id=uuid4(),
        evidence_to=sealing_public_text(EVIDENCE_KEY.public_key()),
    )


def alert(
    session_id: UUID, onset_s: float, event: EventType = EventType.FACE_NOT_FOUND, *, thumbnail: bool = False
) -> Alert:
    return Alert(
        event_id=alert_id(session_id, event, onset_s),
        event_type=event,
        event_class=event_class(event),
        severity_score=0.5 if lane(event) is Lane.CONDUCT else 0.0,
        confidence=1.0,
        exam_session_id="exam-session",
        candidate_id="candidate",
        exam_id="exam",
        onset=MADE_UTC,
        raised=MADE_UTC,
        duration=5.0,
        evidence={"onset_s": onset_s},
        evidence_pictures=pictured(alert_id(session_id, event, onset_s)) if thumbnail else (),
        explanation="No face was seen for 5 s.",
        metadata=AlertMetadata(
            node=uuid4(),
            region="test",
            models={},
            device="cpu",
            policy_version=1,
            degradation_level=1,
            trace_id="0" * 32,
        ),
        action_required=Action.WARNING,
        message="Please face the camera.",
    )
