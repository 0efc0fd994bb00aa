"""Changes of running sessions, told to their nodes.

A policy is changed on the node first, which acknowledges it, and then in the database: what the database says
was in force. A pause and more time are a proctor's word and hold at once, whether the node is there or not.
Either way database and node may differ for a moment, when one of the two is away: heartbeats say what a node
runs under, and `mend` tells it again what the database says.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel import Session

from coordinator.consents import service as consents
from coordinator.exams import service as exams
from coordinator.excerpts import service as excerpts
from coordinator.ground.keyring import Keyring
from coordinator.nodes import asking
from coordinator.nodes.fleet import NodeState
from coordinator.nodes.tables import Assignment
from coordinator.policies import service as policies
from coordinator.sessions import service as sessions
from coordinator.sessions.changing import service as changing
from coordinator.sessions.changing.next_policy import changed_policy, check_based_on, next_version
from coordinator.sessions.service import Found
from coordinator.sessions.starting.assignment import Facts, start_session, stored_facts
from coordinator.sessions.tables import ExamSession
from coordinator.web_api.parts import Parts
from shared.api.sessions import SessionPolicyOut, SessionPolicyRequest
from shared.errors import Corrupt, ProctorError, Rejected, Unavailable
from shared.messages import SessionState, StartSession
from shared.policy.schema import Policy, parse_policy
from shared.tokens import Claims

log = logging.getLogger(__name__)

MAX_TOLD: Final = 50
"""Sessions mended in one round; the rest follows in the next."""
_ROUNDING: Final = timedelta(seconds=1)
"""Heartbeats carry instants in milliseconds."""


async def change_policy(
    parts: Parts, claims: Claims, reference: str, request: SessionPolicyRequest, now_utc: datetime
) -> SessionPolicyOut:
    """Put another policy in force in a running session.

    Raises `Rejected` where it may not be, and `Unavailable` with nothing changed when the node does not
    acknowledge it.
    """
    keyring = parts.keys.keyring

    def read(db: Session) -> tuple[Found, StartSession]:
        found = sessions.find(db, claims.tenant_id, reference)
        sessions.check_running(found.session, now_utc)
        check_based_on(found.session.policy_version, request.based_on)
        running = sessions.effective_policy(db, keyring, found.session)
        policy = changed_policy(running, _wanted(db, found.session, request))
        facts = replace(stored_facts(db, parts.keys, found), policy=policy)
        return found, start_session(facts, now_utc)

    found, assigned = await parts.reading(read)
    await asking.change(parts.commander, found.assignment.node_id, assigned)

    def write(db: Session) -> tuple[SessionPolicyOut, int]:
        session = changing.hold(db, found.session.id, now_utc)
        check_based_on(session.policy_version, request.based_on)
        changing.put_policy(
            db, keyring, session, assigned.policy, by=claims, reason=request.reason, now_utc=now_utc
        )
        consents.settle(db, found.candidate, session)
        # What was recognised while the exam asked for it goes with that: nobody asks for it any more.
        recognises = assigned.policy.recognises_speech
        destroyed = 0 if recognises else excerpts.forget(db, session, now_utc)
        return policy_out(db, parts, session), destroyed

    changed, destroyed = await parts.writing(write)
    if destroyed:
        await asyncio.to_thread(parts.database.scrub)
    return changed


def policy_out(db: Session, parts: Parts, session: ExamSession) -> SessionPolicyOut:
    """The policy a session runs under and how it came to it."""
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
        # It was started under its own variant of this version: two policies must not share a number.
    latest = policies.latest(db, exam.id) if exam else 0
    return policy.model_copy(update={"version": next_version(running, latest)})


async def tell(parts: Parts, session: ExamSession) -> bool:
    """Tell a session's node what the database says of it; False when that failed, which `mend` makes good."""

    def read(db: Session) -> Facts:
        return stored_facts(db, parts.keys, sessions.find(db, session.tenant_id, session.reference))

    places: dict[str, UUID] = {"session_id": session.id}
    try:
        facts = await parts.reading(read)
        places["node_id"] = node_id = facts.found.assignment.node_id
        await asking.change(parts.commander, node_id, start_session(facts, datetime.now(UTC)))
    except ProctorError as error:
        log.warning(
            "a node was not told of a session's change; it is told again",
            extra=places | {"error": type(error).__name__},
        )
        return False
    return True


async def mend(parts: Parts, differed_before: set[UUID]) -> set[UUID]:
    """One round: tell nodes again what they have missed; returns the sessions that differ, for the next one.

    One that differs gets a round's time: its change may be on its way between node and database. A revoked
    key gets none.
    """
    states = said(parts.fleet.online(parts.clock()))
    if not states:
        return set()
    keyring = parts.keys.keyring

    def read(db: Session) -> tuple[list[Found], list[Found]]:
        running = changing.running(db, {session_id for _, session_id in states}, datetime.now(UTC))
        keys_of = changing.session_keys(db, parts.keys, running)
        named = [(one, state) for one in running if (state := said_of(one.assignment, states))]
        revoked = [one for one, state in named if state.token_key_id not in (None, keys_of[one.session.id])]
        differing = [
            one
            for one, state in named
            if differs(one.session, state) or _overhears(db, keyring, one.session, state)
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


def said(nodes: Iterable[NodeState]) -> dict[tuple[UUID, UUID], SessionState]:
    """By node and session, what nodes that say what their sessions run under say of them."""
    return {
        (node.heartbeat.node_id, state.session_id): state
        for node in nodes
        for state in node.heartbeat.sessions
        if state.policy_version is not None
    }


def said_of(assignment: Assignment, states: Mapping[tuple[UUID, UUID], SessionState]) -> SessionState | None:
    """What is said under an assignment; a former node may name the session as well."""
    state = states.get((assignment.node_id, assignment.session_id))
    return state if state is not None and state.epoch == assignment.epoch else None


def differs(session: ExamSession, state: SessionState) -> bool:
    """Whether a node runs a session otherwise than the database says."""
    late = state.expires_utc is not None and abs(state.expires_utc - session.expires_utc) > _ROUNDING
    paused = session.paused_utc is not None
    agreed = state.withheld is None or set(state.withheld) == session.withheld.keys()
    return late or not agreed or state.policy_version != session.policy_version or state.paused != paused


def _overhears(db: Session, keyring: Keyring, session: ExamSession, state: SessionState) -> bool:
    """Whether a node listens for phrases although the candidate does not agree to that any more.

    What is agreed and cannot be read counts as not agreed; telling the node then says what is wrong with it.
    """
    if not state.hears_phrases:
        return False
    try:
        return not sessions.effective_policy(db, keyring, session).recognises_speech
    except (Corrupt, Rejected):
        return True
