"""Loads everything for a start: exam, policy, accommodation, consents, faces, keys.

Only reads. `terms`, `consents.words` and `accommodations.agreed` decide; nothing is stored before a node has
accepted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlmodel import Session

from coordinator.accommodations import service as accommodations
from coordinator.accommodations.agreed import effective
from coordinator.accommodations.service import NO_TERMS
from coordinator.candidates import service as candidates
from coordinator.candidates.registered import check_registered
from coordinator.candidates.tables import Candidate
from coordinator.consents import service as consents
from coordinator.consents.purposes import on_another_basis
from coordinator.consents.words import Why, check_consented, latest, speech_opt_in, withheld
from coordinator.enrollments import faces_service as faces, service as enrollments
from coordinator.enrollments.templates_service import Enrolled
from coordinator.exams import service as exams
from coordinator.exams.tables import Exam
from coordinator.excerpts import service as excerpts
from coordinator.features import service as features
from coordinator.ground.ids import uuid7
from coordinator.ground.keyring import Keyring
from coordinator.ground.own_keys import OwnKeys
from coordinator.keys import service as keys
from coordinator.keys.tables import Key
from coordinator.policies import service as policies
from coordinator.rollouts import service as rollouts
from coordinator.rollouts.sharing import Offered
from coordinator.sessions import service as sessions
from coordinator.sessions.starting.terms import Times, Window, session_policy, session_times
from coordinator.tenants import service as tenants
from coordinator.tokens import key_service as token_keys
from coordinator.tokens.key_service import Signer
from shared.api.sessions import SessionStartRequest
from shared.consents import Purpose
from shared.errors import Unavailable
from shared.policy.schema import Policy
from shared.policy.terms import Accommodation


@dataclass(frozen=True, slots=True)
class StartWish:
    """A request to start a session, of one institution, at one instant."""

    tenant_id: UUID
    request: SessionStartRequest
    now_utc: datetime
    by_candidate: bool = False
    """Whether the candidate itself sent the request, not the exam platform."""
    by: str = ""
    """The token's subject."""
    address: str | None = None
    """From where the candidate itself asked."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A session that is ready to start; nothing of it is stored yet."""

    wish: StartWish
    session_id: UUID
    reference: str
    candidate: Candidate
    exam_region: str | None
    """The region of the exam's nodes; None: the exam names none."""
    policy: Policy
    """The effective one, with the candidate's accommodation."""
    times: Times
    signer: Signer
    """The signing key of every token of the session."""
    seal_key: Key
    data_key: Key
    evidence_keys: tuple[Key, Key]
    """The keys for pictures: the one they are sealed to, and the data key."""
    transcript_key: Key | None
    """The key that speech is sealed to; None: speech must not be recognised."""
    features_keys: tuple[Key, ...]
    """The keys for logged features, the sealing one first; empty: none are logged."""
    checked_utc: datetime | None
    """When the candidate did the pre-exam check, within the last day."""
    enrolled: Enrolled | None
    """None: not enrolled, or faces are not verified; identity is then unavailable."""
    withheld: dict[Purpose, Why]
    """The purposes that the candidate has not acknowledged; nothing is done for them until it has."""
    networks: dict[str, str]
    """The versions of networks that its exam has, by task …"""
    pinned: frozenset[str]
    """… and those of them without which no session of it may start."""
    compared: Offered | None
    """The version that is compared with those in force now."""


def prepare(db: Session, own: OwnKeys, wish: StartWish) -> Plan:
    """Load everything that a session needs.

    Raises `Rejected` if a policy, a time, a consent or an id does not allow the session, or if the exam or
    the candidate is unknown.
    """
    request, keyring = wish.request, own.keyring
    reference = request.exam_session_id or str(uuid4())
    sessions.check_free(db, wish.tenant_id, reference)
    candidate = candidates.propose(db, wish.tenant_id, request.candidate_id, wish.now_utc)
    if wish.by_candidate:
        sessions.check_not_terminated(db, candidate.id, request.exam_id)
        sessions.check_own_share(db, candidate.id, wish.now_utc)
    exam = exams.look_up(db, wish.tenant_id, request.exam_id)
    if not request.allow_unregistered:
        # A candidate with its own token is known to the issuer of that token.
        known = wish.by_candidate or candidates.find(db, wish.tenant_id, request.candidate_id) is not None
        check_registered(exam_known=exam is not None, candidate_known=known)
    terms = _terms(db, keyring, exam, candidate)
    window = Window(
        opens_utc=exam.opens_utc if exam else None,
        closes_utc=exam.closes_utc if exam else None,
        extra=timedelta(minutes=terms.extra_minutes),
    )
    policy = _policy(db, wish, exam, candidate, terms.accommodation)
    seal_key, data_key = keys.propose_exam_keys(db, keyring, candidate, request.exam_id, wish.now_utc)
    verified, session_id = policy.features.face_verification, uuid7()
    return Plan(
        wish=wish,
        session_id=session_id,
        reference=reference,
        candidate=candidate,
        exam_region=exam.region if exam else None,
        policy=policy,
        times=session_times(request.metadata, wish.now_utc, window),
        signer=token_keys.active(db, own, wish.tenant_id),
        seal_key=seal_key,
        data_key=data_key,
        evidence_keys=keys.propose_evidence_keys(db, keyring, candidate, request.exam_id, wish.now_utc),
        transcript_key=excerpts.propose_key(db, keyring, candidate, policy, session_id, wish.now_utc),
        features_keys=_features_keys(db, keyring, wish, candidate, policy),
        checked_utc=faces.last_check(db, candidate, wish.now_utc),
        enrolled=enrollments.enrolled(db, keyring, candidate, wish.now_utc) if verified else None,
        withheld=_withheld(db, wish, candidate, policy),
        networks=_networks(db, wish),
        pinned=rollouts.pinned(db, (wish.tenant_id, request.exam_id)),
        compared=rollouts.compared(db),
    )


def _networks(db: Session, wish: StartWish) -> dict[str, str]:
    exam = wish.tenant_id, wish.request.exam_id
    return rollouts.given(db, [exam]).get(exam, {})


def check_still_agreed(db: Session, plan: Plan) -> None:
    """Raises `Rejected` or `Unavailable` if the candidate has meanwhile withdrawn a consent that the plan
    needs.

    Call it in the transaction that stores the session, with the candidate locked.
    """
    said = latest(consents.words_of(db, plan.candidate))
    check_consented(said, plan.policy)
    if _withheld(db, plan.wish, plan.candidate, plan.policy) != plan.withheld:
        raise Unavailable(
            "the candidate has just changed its consents; start the session again", code="consent-changed"
        )
    if plan.features_keys and not features.may_log(said, plan.policy):
        raise Unavailable(
            "the candidate has just withdrawn consent to the log of features; start the session again",
            code="consent-changed",
        )
    if plan.policy.recognises_speech and not speech_opt_in(said):
        raise Unavailable(
            "the candidate has just withdrawn consent to speech recognition; start the session again",
            code="consent-changed",
        )


def _features_keys(
    db: Session, keyring: Keyring, wish: StartWish, candidate: Candidate, policy: Policy
) -> tuple[Key, ...]:
    if not features.may_log(latest(consents.words_of(db, candidate)), policy):
        return ()
    return features.propose_keys(db, keyring, candidate, wish.request.exam_id, wish.now_utc)


def _withheld(db: Session, wish: StartWish, candidate: Candidate, policy: Policy) -> dict[Purpose, Why]:
    """What is withheld from a session of this candidate, with what the request says is acknowledged."""
    found = withheld(latest(consents.words_of(db, candidate)), policy)
    if wish.request.acknowledged is None:
        return found
    return {purpose: why for purpose, why in found.items() if why is not Why.NOT_ACKNOWLEDGED}


def _terms(db: Session, keyring: Keyring, exam: Exam | None, candidate: Candidate) -> accommodations.Terms:
    agreed = accommodations.look_up(db, keyring, exam, candidate) if exam else None
    return agreed.terms if agreed else NO_TERMS


def _policy(
    db: Session, wish: StartWish, exam: Exam | None, candidate: Candidate, accommodation: Accommodation
) -> Policy:
    in_force = Policy.model_validate(policies.get(db, exam).policy) if exam else Policy()
    excused = tenants.on_another_basis(db, wish.tenant_id)
    policy = on_another_basis(session_policy(wish.request, in_force), excused)
    said = latest(consents.words_of(db, candidate))
    check_consented(said, policy)
    opt_in = policy.features.speech_transcription and speech_opt_in(said)
    if accommodation == Accommodation() and not opt_in:
        return policy
    return effective(policy, accommodation, speech_opt_in=opt_in)
