"""Starts a session: prepares everything, asks the node, then stores the session in one transaction.

The node is asked before anything is stored, so a node that refuses or does not answer leaves no session
behind, and the next best is asked. If storing fails after the node has accepted, the node is told to end the
session.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final
from uuid import UUID

from sqlmodel import Session

from coordinator.candidates import service as candidates
from coordinator.consents import service as consents
from coordinator.consents.purposes import purposes_of
from coordinator.exams import service as exams
from coordinator.ground.acting import concerns
from coordinator.ground.database import insert_once
from coordinator.idempotency import service as idempotency
from coordinator.idempotency.sameness import Asked
from coordinator.keys import service as keys
from coordinator.memberships import accepting
from coordinator.nodes import asking, service as nodes
from coordinator.nodes.admission import NO_ANSWER, asks_another, check_has
from coordinator.nodes.assignments import FIRST_EPOCH
from coordinator.nodes.regions import read_prefix, region_of
from coordinator.nodes.tables import Assignment
from coordinator.rollouts.drawing import draw
from coordinator.sessions import details_service as details, service as sessions
from coordinator.sessions.answers import session_token, start_response, webrtc_config
from coordinator.sessions.details_service import CANDIDATE_TERMS
from coordinator.sessions.ending import tell_node
from coordinator.sessions.joining import service as joining
from coordinator.sessions.joining.codes import join_url
from coordinator.sessions.service import Found
from coordinator.sessions.starting.assignment import Facts, start_session, view_of
from coordinator.sessions.starting.preparing import Plan, StartWish, check_still_agreed, prepare
from coordinator.sessions.tables import ExamSession
from coordinator.tenants import service as tenants
from coordinator.web_api.parts import Parts
from shared.api.sessions import SessionStartResponse
from shared.errors import Rejected, Unavailable
from shared.events.types import EventType
from shared.ice import for_session
from shared.messages.sessions import SessionAccepted

NODE_FULL: Final = "node-full"


async def start(parts: Parts, wish: StartWish, asked: Asked | None) -> SessionStartResponse:
    """Start a session.

    Raises `Rejected` for an invalid policy, time or id (409 `session-exists`, `too-many-sessions`), and
    `Unavailable` if no node accepts it.
    """
    keyring = parts.keys.keyring

    def read(db: Session) -> Plan | SessionStartResponse:
        known = idempotency.recall(db, keyring, asked, SessionStartResponse)
        return known or prepare(db, parts.keys, wish)

    exam = (wish.tenant_id, wish.request.exam_id)
    await draw(parts, exam, lambda db: _region(parts, wish, exams.region_of(db, *exam)))
    plan = await parts.reading(read)
    return plan if isinstance(plan, SessionStartResponse) else await _start(parts, plan, asked)


async def _start(parts: Parts, plan: Plan, asked: Asked | None) -> SessionStartResponse:
    """Start a session at the best node that takes it."""
    full: set[UUID] = set()
    away: dict[UUID, Unavailable] = {}
    began_at = parts.clock()
    while True:
        node_id = _node(parts, plan, full, away)
        try:
            return await _start_on(parts, plan, node_id, asked)
        except Rejected as error:
            if error.code == nodes.CLOSED:
                await accepting.refresh(parts)  # another replica has cordoned it
            elif error.code == NODE_FULL:
                full.add(node_id)  # it has become full since its last heartbeat; the next best may have room
            else:
                raise
        except Unavailable as error:
            away[node_id] = error
            if not asks_another(error.code, parts.clock() - began_at):
                raise


def _node(parts: Parts, plan: Plan, full: Collection[UUID], away: Mapping[UUID, Unavailable]) -> UUID:
    """The best node. `away`: those that were asked and did not answer; if there is no other, the error of the
    first is raised."""
    recognisers = [template.recogniser for template in plan.enrolled.templates] if plan.enrolled else []
    try:
        picked = parts.fleet.pick(
            parts.clock(),
            region=_region(parts, plan.wish, plan.exam_region),
            recognisers=recognisers,
            networks=set(plan.networks.values()),
            lowest_level=plan.policy.lowest_level,
            full=full,
            without=away,
        )
    except (Rejected, Unavailable):
        for first in away.values():
            raise first from None
        raise
    check_has(picked.heartbeat, plan.pinned)
    return picked.heartbeat.node_id


def _region(parts: Parts, wish: StartWish, exam_region: str | None) -> str | None:
    """Where the session is wanted."""
    prefixes = [read_prefix(one.prefix, one.region) for one in parts.config.regions]
    return region_of((wish.request.region, exam_region), wish.address, prefixes)


async def _start_on(parts: Parts, plan: Plan, node_id: UUID, asked: Asked | None) -> SessionStartResponse:
    keyring, wish = parts.keys.keyring, plan.wish
    found = _rows(parts, plan, node_id)

    def write(db: Session) -> SessionStartResponse:
        answer = _store(db, parts, plan, found, accepted)
        idempotency.keep(db, keyring, asked, answer, wish.request.candidate_id)
        return answer

    try:
        assigned = start_session(_facts(plan, found), view_of(parts, node_id), wish.now_utc)
        accepted = await asking.start(parts.commander, node_id, assigned)
        return await parts.writing(write)
    except BaseException as error:
        if isinstance(error, Unavailable) and error.code == NO_ANSWER:
            # It would not answer this either. If it has accepted anyway, its heartbeats name the session, and
            # `sweeping` ends it.
            parts.miss(node_id)
        else:
            await tell_node(parts, node_id, plan.session_id, submitted=False)
        raise


def _facts(plan: Plan, found: Found) -> Facts:
    return Facts(
        found=found,
        policy=plan.policy,
        templates=plan.enrolled.templates if plan.enrolled else (),
        seal_key=plan.seal_key,
        transcript_key=plan.transcript_key,
        evidence_key=plan.evidence_keys[0],
        signer=plan.signer,
        features_key=plan.features_keys[0] if plan.features_keys else None,
        networks=plan.networks,
        compared=plan.compared,
    )


def _store(
    db: Session, parts: Parts, plan: Plan, found: Found, accepted: SessionAccepted
) -> SessionStartResponse:
    wish, keyring = plan.wish, parts.keys.keyring
    tenants.check_open(db, wish.tenant_id)
    nodes.check_open(db, found.assignment.node_id)
    if not (candidates.keep(db, plan.candidate) and _keys_kept(db, plan)):
        raise Unavailable("another request for this candidate came first; try again", code="started-twice")
    # Locked, so that each of many simultaneous requests reads what the one before it stored.
    candidates.lock(db, plan.candidate)
    check_still_agreed(db, plan)
    if wish.by_candidate:
        sessions.check_not_terminated(db, plan.candidate.id, wish.request.exam_id)
        sessions.check_own_share(db, plan.candidate.id, wish.now_utc)
    if wish.request.acknowledged is not None:
        consents.record_acknowledged(
            db,
            plan.candidate,
            purposes_of(plan.policy),
            wish.request.acknowledged,
            recorded_by=wish.by,
            now_utc=wish.now_utc,
        )
    session = found.session
    session.signaling_url, session.whip_url = accepted.signaling_url, accepted.whip_url
    concerns(session.tenant_id, candidate_id=session.candidate_id, session_id=session.id)
    if not insert_once(db, session):
        raise sessions.taken()
    db.add(found.assignment)
    if plan.enrolled is not None:
        sessions.add_milestone(db, keyring, found, EventType.ENROLLED, plan.enrolled.at_utc)
    if plan.checked_utc is not None:
        sessions.add_milestone(db, keyring, found, EventType.CHECKED, plan.checked_utc)
    sessions.add_milestone(db, keyring, found, EventType.SESSION_STARTED, wish.now_utc)
    code = joining.new_code()
    joining.add_code(db, session, code, wish.now_utc)
    token = session_token(plan.signer, found, wish.now_utc, by_link=False)
    servers = for_session(parts.ice_servers, session.id, session.expires_utc)
    webrtc, config = webrtc_config(servers), parts.config
    return start_response(config, webrtc, found, token, join_url(config.web.public_url, code))


def _keys_kept(db: Session, plan: Plan) -> bool:
    own = (plan.seal_key, plan.data_key, *plan.evidence_keys, *plan.features_keys, plan.transcript_key)
    return all(keys.keep(db, key) for key in own if key is not None)


def _rows(parts: Parts, plan: Plan, node_id: UUID) -> Found:
    """The session and its first assignment to be stored, except the node's answer."""
    wish, request = plan.wish, plan.wish.request
    policy = plan.policy.model_copy(update={"candidate": None})
    session = ExamSession(
        id=plan.session_id,
        tenant_id=wish.tenant_id,
        reference=plan.reference,
        candidate_id=plan.candidate.id,
        exam_reference=request.exam_id,
        seal_key_id=plan.seal_key.id,
        data_key_id=plan.data_key.id,
        enrollment_id=plan.enrolled.enrollment_id if plan.enrolled else None,
        policy=policy.model_dump(mode="json"),
        policy_version=policy.version,
        token_kid=None if plan.signer.kid == parts.keys.token_key_id else plan.signer.kid,
        signaling_url="",
        whip_url="",
        details_sealed=details.seal_details(
            parts.keys.keyring, plan.data_key, plan.session_id, _details(plan)
        ),
        started_utc=wish.now_utc,
        begins_utc=plan.times.begins_utc,
        expires_utc=plan.times.expires_utc,
        withheld={str(purpose): str(why) for purpose, why in plan.withheld.items()},
    )
    first = Assignment(
        session_id=session.id,
        epoch=FIRST_EPOCH,
        tenant_id=session.tenant_id,
        node_id=node_id,
        from_utc=session.started_utc,
    )
    return Found(session, plan.candidate, first)


def _details(plan: Plan) -> dict[str, Any]:
    request, terms = plan.wish.request, plan.policy.candidate
    override = request.verification_policy
    return {
        "metadata": dict(request.metadata),
        "frontend_instance_id": request.frontend_instance_id,
        "verification_policy": override.model_dump(mode="json") if override else None,
        CANDIDATE_TERMS: terms.model_dump(mode="json") if terms else None,
    }
