"""Sends changes of running sessions to their nodes.

A policy is changed first on the node, which acknowledges it, and then in the database, so that a policy in
the database was really in force. A pause and extra time are a proctor's decision and are in force at once,
even if the node cannot be reached. In both cases database and node may differ for a while: heartbeats show
the node's settings, and `mend` sends it the database's state again.

Here the orders of one session are sent one after another. Another coordinator may send what it has read a
moment before, so whoever has sent an order looks whether it still says what is stored, and a changed policy
is sent again after its commit.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel import Session

from coordinator.consents import service as consents
from coordinator.consents.purposes import on_another_basis
from coordinator.exams import service as exams
from coordinator.excerpts import service as excerpts
from coordinator.features import service as features
from coordinator.ground.keyring import Keyring
from coordinator.nodes import asking
from coordinator.nodes.fleet import NodeState
from coordinator.nodes.tables import Assignment
from coordinator.policies import service as policies
from coordinator.rollouts import service as rollouts
from coordinator.rollouts.service import ExamKey
from coordinator.rollouts.sharing import Offered, looking
from coordinator.sessions import details_service as details, service as sessions
from coordinator.sessions.changing import service as changing
from coordinator.sessions.changing.next_policy import changed_policy, check_based_on, next_version
from coordinator.sessions.service import Found
from coordinator.sessions.starting.assignment import Facts, exam_of, start_session, stored_facts, view_of
from coordinator.sessions.tables import ExamSession
from coordinator.tenants import service as tenants
from coordinator.web_api.parts import Parts
from shared.api.sessions import SessionPolicyOut, SessionPolicyRequest
from shared.errors import Corrupt, ProctorError, Rejected, Unavailable
from shared.messages.heartbeats import SessionState
from shared.messages.sessions import StartSession
from shared.policy.schema import Policy, parse_policy
from shared.tokens import Claims

log = logging.getLogger(__name__)

MAX_TOLD: Final = 50
"""The most sessions repaired in one round; the others follow in the next."""
TRIES: Final = 3
"""How often an order is sent that has changed while it was sent."""
_ROUNDING: Final = timedelta(seconds=1)
"""Smaller differences of instants are rounding: heartbeats have them in milliseconds."""


async def change_policy(
    parts: Parts, claims: Claims, reference: str, request: SessionPolicyRequest, now_utc: datetime
) -> SessionPolicyOut:
    """Put another policy in force in a running session.

    Raises `Rejected` if it is not allowed, and `Unavailable`, with nothing changed, if the node does not
    acknowledge it.
    """
    found = await parts.reading(lambda db: sessions.find(db, claims.tenant_id, reference))
    async with parts.orders.turn(found.session.id):
        return await _change_policy(parts, claims, reference, request, now_utc)


async def _change_policy(
    parts: Parts, claims: Claims, reference: str, request: SessionPolicyRequest, now_utc: datetime
) -> SessionPolicyOut:
    keyring = parts.keys.keyring

    def read(db: Session) -> tuple[Found, StartSession]:
        found = sessions.find(db, claims.tenant_id, reference)
        sessions.check_running(found.session, now_utc)
        check_based_on(found.session.policy_version, request.based_on)
        running = details.effective_policy(db, keyring, found.session)
        excused = tenants.on_another_basis(db, found.session.tenant_id)
        wanted = on_another_basis(_wanted(db, found.session, request), excused)
        policy = changed_policy(running, wanted)
        facts = replace(stored_facts(db, parts.keys, found), policy=policy)
        return found, start_session(facts, view_of(parts, found.assignment.node_id), now_utc)

    found, assigned = await parts.reading(read)
    await asking.change(parts.commander, found.assignment.node_id, assigned)

    def write(db: Session) -> tuple[SessionPolicyOut, int]:
        session = changing.hold(db, found.session.id, now_utc)
        check_based_on(session.policy_version, request.based_on)
        changing.put_policy(
            db, keyring, session, assigned.policy, by=claims, reason=request.reason, now_utc=now_utc
        )
        consents.settle(db, found.candidate, session)
        # If the exam no longer asks for speech recognition, earlier excerpts must not stay readable.
        recognises = assigned.policy.recognises_speech
        destroyed = 0 if recognises else excerpts.forget(db, session, now_utc)
        return policy_out(db, parts, session), destroyed

    try:
        changed, destroyed = await parts.writing(write)
    finally:  # stored or not: the node has what is stored, also what another coordinator changed meanwhile
        await _tell(parts, found.session)
    if destroyed:
        await asyncio.to_thread(parts.database.scrub)
    return changed


def policy_out(db: Session, parts: Parts, session: ExamSession) -> SessionPolicyOut:
    """A session's policy and its changes."""
    return SessionPolicyOut(
        session_id=session.reference,
        version=session.policy_version,
        policy=session.policy,
        changes=changing.policy_changes(db, parts.keys.keyring, session),
    )


def _wanted(db: Session, session: ExamSession, request: SessionPolicyRequest) -> Policy:
    running = session.policy_version
    if request.policy is not None:
        policy = parse_policy(request.policy)
        exam = exams.look_up(db, session.tenant_id, session.exam_reference)
    else:
        exam = exams.find(db, session.tenant_id, session.exam_reference)
        policy = Policy.model_validate(policies.get(db, exam, request.exam_version).policy)
        if policy.version != running:
            return policy
        # The session has its own variant of this version, and two policies must not have the same number.
    latest = policies.latest(db, exam.id) if exam else 0
    return policy.model_copy(update={"version": next_version(running, latest)})


async def tell(parts: Parts, session: ExamSession) -> bool:
    """Send the database's state of a session to its node. Returns False if that failed; `mend` then repeats
    it."""

    async with parts.orders.turn(session.id):
        return await _tell(parts, session)


async def _tell(parts: Parts, session: ExamSession) -> bool:
    places: dict[str, UUID] = {"session_id": session.id}
    sent = None
    try:
        for _ in range(TRIES):
            places["node_id"], order = await _stored(parts, session)
            if order.model_copy(update={"elapsed_s": 0.0}) == sent:
                break
            await asking.change(parts.commander, places["node_id"], order)
            sent = order.model_copy(update={"elapsed_s": 0.0})
    except ProctorError as error:
        log.warning(
            "a node did not get a session's change; sending it again",
            extra=places | {"error": type(error).__name__},
        )
        return False
    return True


async def _stored(parts: Parts, session: ExamSession) -> tuple[UUID, StartSession]:
    """The session's node, and the order for it from what is stored now."""

    def read(db: Session) -> Facts:
        return stored_facts(db, parts.keys, sessions.find(db, session.tenant_id, session.reference))

    facts = await parts.reading(read)
    node_id = facts.found.assignment.node_id
    return node_id, start_session(facts, view_of(parts, node_id), datetime.now(UTC))


async def mend(parts: Parts, differed_before: set[UUID]) -> set[UUID]:
    """Run one round: send nodes the changes that they have missed. Returns the sessions that differ, for the
    next round.

    A session that differs for the first time gets one more round, because its change may still be under way.
    A revoked key gets no such round.
    """
    states = said(parts.fleet.online(parts.clock()))
    if not states:
        return set()
    keyring = parts.keys.keyring

    def read(db: Session) -> tuple[list[Found], list[Found]]:
        running = changing.running(db, {session_id for _, session_id in states}, datetime.now(UTC))
        keys_of = changing.session_keys(db, parts.keys, running)
        named = [(one, state) for one in running if (state := said_of(one.assignment, states))]
        versions = _Versions(
            rollouts.given(db, {exam_of(one.session) for one, _ in named}), rollouts.compared(db)
        )
        revoked = [one for one, state in named if state.token_key_id not in (None, keys_of[one.session.id])]
        differing = [
            one
            for one, state in named
            if differs(one.session, state)
            or versions.differ(one, state, parts.fleet.state(one.assignment.node_id))
            or _overhears(db, keyring, one.session, state)
            or (state.logs_features and features.living_key(db, one.session) is None)
        ]
        return revoked, differing

    try:
        revoked, differing = await parts.reading(read)
    except Unavailable:
        return differed_before
    late = [one for one in differing if one.session.id in differed_before]
    due = {one.session.id: one.session for one in (*revoked, *late)}
    for session in list(due.values())[:MAX_TOLD]:
        await tell(parts, session)
    return {one.session.id for one in differing}


@dataclass(frozen=True, slots=True)
class _Versions:
    """What looks at sessions now."""

    given: Mapping[ExamKey, Mapping[str, str]]
    compared: Offered | None

    def differ(self, found: Found, state: SessionState, node: NodeState | None) -> bool:
        """Whether others look at a session on its node. An older program knows of none."""
        if node is None or state.networks is None:
            return False
        given = self.given.get(exam_of(found.session), {})
        wanted = looking(given, self.compared, node.heartbeat, found.session.id)
        return (wanted.networks, wanted.shadow) != (state.networks, state.shadow)


def said(nodes: Iterable[NodeState]) -> dict[tuple[UUID, UUID], SessionState]:
    """The state of sessions by node and session, from nodes that report their settings."""
    return {
        (node.heartbeat.node_id, state.session_id): state
        for node in nodes
        for state in node.heartbeat.sessions
        if state.policy_version is not None
    }


def said_of(assignment: Assignment, states: Mapping[tuple[UUID, UUID], SessionState]) -> SessionState | None:
    """The state reported for an assignment; a former node may also report the session."""
    state = states.get((assignment.node_id, assignment.session_id))
    return state if state is not None and state.epoch == assignment.epoch else None


def differs(session: ExamSession, state: SessionState) -> bool:
    """Whether a session on a node differs from the database."""
    late = state.expires_utc is not None and abs(state.expires_utc - session.expires_utc) > _ROUNDING
    paused = session.paused_utc is not None
    agreed = state.withheld is None or set(state.withheld) == session.withheld.keys()
    moved = state.device is not None and state.device != session.device
    policy = state.policy_version == session.policy_version
    return late or moved or not (agreed and policy) or state.paused != paused


def _overhears(db: Session, keyring: Keyring, session: ExamSession, state: SessionState) -> bool:
    """Whether a node listens for phrases although the candidate no longer agrees.

    Consent that cannot be read counts as not given; sending the change to the node then reports the error.
    """
    if not state.hears_phrases:
        return False
    try:
        return not details.effective_policy(db, keyring, session).recognises_speech
    except (Corrupt, Rejected):
        return True
