"""Builds the `StartSession` message with everything that a node needs for a session.

It is used for a new session, one that its node has lost, and a changed one, so a node always gets the same
message for the same state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from coordinator.enrollments import templates_service as templates
from coordinator.enrollments.tables import Enrollment
from coordinator.evidence import service as evidence
from coordinator.excerpts import service as excerpts
from coordinator.features import service as features
from coordinator.ground.keyring import Keyring
from coordinator.ground.own_keys import OwnKeys
from coordinator.keys import service as keys
from coordinator.keys.tables import Key
from coordinator.rollouts import service as rollouts
from coordinator.rollouts.service import ExamKey
from coordinator.rollouts.sharing import Offered, looking
from coordinator.sessions import details_service as details
from coordinator.sessions.service import Found
from coordinator.sessions.tables import ExamSession
from coordinator.tokens import key_service as token_keys
from coordinator.tokens.key_service import Signer
from coordinator.web_api.parts import Parts
from shared.consents import Purpose
from shared.messages.faces import Template
from shared.messages.heartbeats import Heartbeat
from shared.messages.sessions import StartSession
from shared.policy.schema import Policy


@dataclass(frozen=True, slots=True)
class NodeView:
    """What is known of the node that an order is for."""

    half: Callable[[Key], str]
    """What it is to seal to, by key: the hybrid half if that is wanted here and known there."""
    beat: Heartbeat | None
    """Its last heartbeat; None: it was not heard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The data about a session for its node, except the elapsed time."""

    found: Found
    policy: Policy
    """The effective one, with the candidate's accommodation."""
    templates: tuple[Template, ...]
    seal_key: Key
    evidence_key: Key | None
    """The key that pictures are sealed to; None: destroyed, no picture leaves the node."""
    transcript_key: Key | None
    """The key that speech is sealed to; None: speech must not be recognised."""
    signer: Signer
    """The signing key of every token of the session."""
    features_key: Key | None = None
    """The key that logged features are sealed to; None: none are logged."""
    networks: Mapping[str, str] = field(default_factory=dict)
    """The versions that its exam has, by task."""
    compared: Offered | None = None
    """The version that is compared with those in force now."""


def view_of(parts: Parts, node_id: UUID) -> NodeView:
    """The node as it was heard last."""
    state = parts.fleet.state(node_id)
    beat = None if state is None else state.heartbeat
    hybrid = parts.config.keys.sealing == "hybrid" and beat is not None and beat.hybrid_key is not None
    return NodeView(lambda key: keys.public_text(parts.keys.keyring, key, hybrid=hybrid), beat)


def start_session(facts: Facts, node: NodeView, now_utc: datetime) -> StartSession:
    """The `start` message of a session."""
    found, transcript_key, evidence_key = facts.found, facts.transcript_key, facts.evidence_key
    session, half = found.session, node.half
    seen_by = looking(facts.networks, facts.compared, node.beat, session.id)
    features_key = facts.features_key if facts.policy.feature_log else None
    return StartSession(
        session_id=session.id,
        tenant_id=session.tenant_id,
        epoch=found.assignment.epoch,
        exam_session_id=session.reference,
        candidate_id=found.candidate.reference,
        exam_id=session.exam_reference,
        policy=facts.policy,
        templates=facts.templates if may_compare(session) else (),
        seal_key_id=facts.seal_key.id,
        seal_key=half(facts.seal_key),
        transcript_key_id=transcript_key.id if transcript_key else None,
        transcript_key=half(transcript_key) if transcript_key else None,
        evidence_key_id=evidence_key.id if evidence_key else None,
        evidence_key=half(evidence_key) if evidence_key else None,
        features_key_id=features_key.id if features_key else None,
        features_key=half(features_key) if features_key else None,
        token_key=facts.signer.public_text,
        expires_utc=session.expires_utc,
        elapsed_s=max(0.0, (now_utc - session.started_utc).total_seconds()),
        paused=session.paused_utc is not None,
        device=session.device,
        withheld=withheld_of(session),
        networks=dict(seen_by.networks),
        shadow=dict(seen_by.shadow),
    )


def exam_of(session: ExamSession) -> ExamKey:
    """The exam of a session."""
    return session.tenant_id, session.exam_reference


def withheld_of(session: ExamSession) -> tuple[Purpose, ...]:
    """The purposes for which the session's node may do nothing."""
    return tuple(sorted(Purpose(purpose) for purpose in session.withheld))


def may_compare(session: ExamSession) -> bool:
    """Whether faces may be compared in a session, which needs the camera too."""
    return not session.withheld.keys() & {Purpose.IDENTITY_VERIFICATION, Purpose.CAMERA_MONITORING}


def stored_facts(db: Session, own: OwnKeys, found: Found) -> Facts:
    """The stored data of a running session. Raises `Corrupt` for a missing key."""
    session = found.session
    exam = exam_of(session)
    return Facts(
        found=found,
        policy=details.effective_policy(db, own.keyring, session),
        templates=_templates(db, own.keyring, found),
        seal_key=keys.get(db, session.tenant_id, session.seal_key_id),
        evidence_key=evidence.living_key(db, session),
        transcript_key=excerpts.living_key(db, session),
        signer=token_keys.of_session(db, own, session.tenant_id, session.token_kid),
        features_key=features.living_key(db, session),
        networks=rollouts.given(db, [exam]).get(exam, {}),
        compared=rollouts.compared(db),
    )


def _templates(db: Session, keyring: Keyring, found: Found) -> tuple[Template, ...]:
    """The templates that the session started with, which cannot be erased while it runs; empty while they are
    withheld."""
    if found.session.enrollment_id is None or not may_compare(found.session):
        return ()
    row = db.get_one(Enrollment, found.session.enrollment_id)
    return templates.templates_of(db, keyring, row).templates
