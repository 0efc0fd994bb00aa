"""Start a session: everything is prepared, then the node is asked, then one transaction makes it real.

The node is asked before anything is stored, so a node that refuses or stays silent leaves no session behind.
If storing fails after the node has accepted, the node is told to end what nobody will ever join.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlmodel import Session

from coordinator import orders
from coordinator.candidates import service as candidates
from coordinator.candidates.tables import Candidate
from coordinator.database import insert_once
from coordinator.enrollments import service as enrollments
from coordinator.enrollments.service import Enrolled
from coordinator.ids import uuid7
from coordinator.keys import service as keys
from coordinator.keys.tables import Key
from coordinator.nodes.fleet import NodeState
from coordinator.parts import Parts
from coordinator.sessions import service
from coordinator.sessions.answers import session_token, start_response
from coordinator.sessions.end import tell_node
from coordinator.sessions.join import join_url, new_code
from coordinator.sessions.service import Found
from coordinator.sessions.tables import ExamSession
from coordinator.sessions.terms import Times, session_policy, session_times
from shared.api import SessionStartRequest, SessionStartResponse
from shared.errors import Unavailable
from shared.events import EventType
from shared.messages import SessionAccepted, StartSession
from shared.policy import Policy

FIRST_EPOCH = 1


@dataclass(frozen=True, slots=True)
class Wish:
    """A request to start a session, of one institution, at one instant."""

    tenant_id: UUID
    request: SessionStartRequest
    policy: Policy
    times: Times
    now_utc: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """A session that is ready to be asked for; nothing of it is stored yet."""

    wish: Wish
    session_id: UUID
    reference: str
    candidate: Candidate
    seal_key: Key
    data_key: Key
    enrolled: Enrolled | None
    """None: not enrolled, or faces are not verified; identity is then unavailable."""


async def start(
    parts: Parts, tenant_id: UUID, request: SessionStartRequest, now_utc: datetime
) -> SessionStartResponse:
    """Start a session.

    Raises `Rejected` for a policy, a time or an id that cannot be (409 `session-exists`), and `Unavailable`
    when no node takes it.
    """
    policy, times = session_policy(request), session_times(request.metadata, now_utc)
    wish = Wish(tenant_id, request, policy, times, now_utc)
    plan = await parts.reading(lambda db: _plan(db, parts, wish))
    recognisers = [template.recogniser for template in plan.enrolled.templates] if plan.enrolled else []
    node = parts.fleet.pick(parts.clock(), recognisers=recognisers)
    code = new_code()
    try:
        accepted = await orders.start(parts.commander, node.heartbeat.node_id, _order(parts, plan))
        found = await parts.writing(lambda db: _store(db, parts, plan, node, accepted, code))
    except BaseException:
        # Also when no answer came: the node may have accepted all the same.
        await tell_node(parts, node.heartbeat.node_id, plan.session_id, submitted=False)
        raise
    token = session_token(parts.keys.token, parts.keys.token_key_id, found, now_utc)
    return start_response(parts.config, found, token, join_url(parts.config.web.public_url, code))


def _plan(db: Session, parts: Parts, wish: Wish) -> Plan:
    request, keyring = wish.request, parts.keys.keyring
    reference = request.exam_session_id or str(uuid4())
    service.check_free(db, wish.tenant_id, reference)
    candidate = candidates.propose(db, wish.tenant_id, request.candidate_id, wish.now_utc)
    seal_key, data_key = keys.propose_exam_keys(db, keyring, candidate, request.exam_id, wish.now_utc)
    verified = wish.policy.features.face_verification
    enrolled = enrollments.enrolled(db, keyring, candidate) if verified else None
    return Plan(wish, uuid7(), reference, candidate, seal_key, data_key, enrolled)


def _order(parts: Parts, plan: Plan) -> StartSession:
    return StartSession(
        session_id=plan.session_id,
        tenant_id=plan.wish.tenant_id,
        epoch=FIRST_EPOCH,
        exam_session_id=plan.reference,
        candidate_id=plan.candidate.reference,
        exam_id=plan.wish.request.exam_id,
        policy=plan.wish.policy,
        templates=plan.enrolled.templates if plan.enrolled else (),
        seal_key_id=plan.seal_key.id,
        seal_key=plan.seal_key.public_key or "",
        token_key=parts.keys.token_text,
        expires_utc=plan.wish.times.expires_utc,
    )


def _store(
    db: Session, parts: Parts, plan: Plan, node: NodeState, accepted: SessionAccepted, code: str
) -> Found:
    wish, keyring = plan.wish, parts.keys.keyring
    kept = candidates.keep(db, plan.candidate) and all(
        [keys.keep(db, plan.seal_key), keys.keep(db, plan.data_key)]
    )
    if not kept:
        raise Unavailable("another request for this candidate came first; try again", code="started-twice")
    session = _row(parts, plan, node, accepted)
    if not insert_once(db, session):
        raise service.taken()
    found = Found(session, plan.candidate)
    if plan.enrolled is not None:
        service.add_milestone(db, keyring, found, EventType.ENROLLED, plan.enrolled.at_utc)
    service.add_milestone(db, keyring, found, EventType.SESSION_STARTED, wish.now_utc)
    service.add_code(db, session, code, wish.now_utc, wish.times.join_expires_utc)
    return found


def _row(parts: Parts, plan: Plan, node: NodeState, accepted: SessionAccepted) -> ExamSession:
    wish, request = plan.wish, plan.wish.request
    override = request.verification_policy
    details = {
        "metadata": dict(request.metadata),
        "frontend_instance_id": request.frontend_instance_id,
        "verification_policy": override.model_dump(mode="json") if override else None,
    }
    return ExamSession(
        id=plan.session_id,
        tenant_id=wish.tenant_id,
        reference=plan.reference,
        candidate_id=plan.candidate.id,
        exam_reference=request.exam_id,
        node_id=node.heartbeat.node_id,
        epoch=FIRST_EPOCH,
        seal_key_id=plan.seal_key.id,
        data_key_id=plan.data_key.id,
        enrollment_id=plan.enrolled.enrollment_id if plan.enrolled else None,
        policy=wish.policy.model_dump(mode="json"),
        policy_version=wish.policy.version,
        signaling_url=accepted.signaling_url,
        whip_url=accepted.whip_url,
        details_sealed=service.seal_details(parts.keys.keyring, plan.data_key, plan.session_id, details),
        started_utc=wish.now_utc,
        expires_utc=wish.times.expires_utc,
    )
