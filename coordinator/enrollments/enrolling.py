"""Enrolls a candidate: re-encodes pictures, has an edge node judge and embed them, averages and stores them.

    pictures ─ re-encode ─ sealed `enroll` commands ─ node ─ sealed measures and templates
             ─ those that pass ─ every two compared ─ best three ─ mean per recogniser
             ─ compared with the enrollment in force ─ one transaction

Nothing is stored until everything is known, so a refused or failed enrollment leaves no trace. Each picture
has its own result; the enrollment uses those that pass, and is refused (422 `enrollment-refused`) if none
does. All that pass must show one person (422 `pictures-disagree`). An enrollment unlike the one in force
waits for an administrator; until then the former one stays in force.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel import Session

from coordinator.candidates import service as candidates
from coordinator.candidates.tables import Candidate
from coordinator.consents import service as consents
from coordinator.consents.purposes import on_another_basis
from coordinator.consents.words import check_may_enroll, latest
from coordinator.enrollments import comparing, service as enrollments
from coordinator.enrollments.judging import Judged, describe, judge_all, refusal, templates_of
from coordinator.enrollments.quality import recommendations
from coordinator.enrollments.replacing import check_enough, disagreement, expired, likeness, worst_of
from coordinator.enrollments.service import NewEnrollment, StoredEnrollment, Unlike
from coordinator.enrollments.templates_service import Enrolled
from coordinator.exams import service as exams
from coordinator.ground.ids import uuid7
from coordinator.idempotency import service as idempotency
from coordinator.idempotency.sameness import Asked
from coordinator.keys import service as keys
from coordinator.keys.tables import Key
from coordinator.policies import service as policies
from coordinator.tenants import service as tenants
from coordinator.web_api.parts import Parts
from shared.api.enrollments import EnrolledImage, EnrollRequest, EnrollResponse
from shared.consents import Purpose
from shared.enrollment import bytes_of
from shared.errors import Rejected, Unavailable
from shared.hybrid import Opener
from shared.messages.faces import Template, encode_vector
from shared.policy.schema import Policy
from shared.policy.terms import Gate

WAITS: Final = (
    "These pictures do not look like the ones enrolled before, which stay in force. Your institution decides."
)


@dataclass(frozen=True, slots=True)
class Enrolling:
    """A request to enroll, of one institution, at one instant."""

    tenant_id: UUID
    request: EnrollRequest
    now_utc: datetime
    by_candidate: bool
    """Whether the candidate itself asks, not its exam platform."""
    subject: str
    """The subject of the request's token."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """What is known before a picture is judged. New parts of it are not stored yet."""

    candidate: Candidate
    reply_key: Key
    gate: Gate
    former: tuple[Enrolled, ...]
    """The enrollments that a new face is compared with. The first is the one in force, even if it has
    expired."""


async def enroll(parts: Parts, wanted: Enrolling, asked: Asked | None) -> EnrollResponse:
    """Enroll from a request's pictures.

    Raises `Rejected` (422) when no picture passes or two disagree, (409 `session-active`) when a candidate
    enrolls itself while its exam runs, (409 `acknowledgement-missing`) when the candidate has not agreed, and
    `Unavailable` when no node can judge the pictures.
    """
    keyring, request = parts.keys.keyring, wanted.request

    def read(db: Session) -> _Ready | EnrollResponse:
        known = idempotency.recall(db, keyring, asked, EnrollResponse)
        return known or _ready(db, parts, wanted)

    ready = await parts.reading(read)
    if isinstance(ready, EnrollResponse):
        return ready
    node_id = parts.fleet.pick(parts.clock(), seat=False).heartbeat.node_id
    reply_key = keyring.open_private(ready.reply_key)
    judged = await judge_all(parts, node_id, request.images, reply_key, ready.gate)
    images = describe(judged, ready.gate)
    await _check_one_person(parts, node_id, judged, images, reply_key)
    templates = templates_of(judged, images)
    new = NewEnrollment(
        exam_reference=request.exam_id,
        images=[image for image in images if not image.failed],
        templates=templates,
        details=request.metadata,
        valid=timedelta(days=parts.config.faces.valid_days),
        unlike=await _unlike(parts, node_id, ready.former, templates, reply_key),
    )

    def store(db: Session) -> EnrollResponse:
        _check_same(db, parts, wanted, ready)
        stored = enrollments.store(db, keyring, ready.candidate, new, wanted.now_utc)
        whole = StoredEnrollment(stored, images)
        answer = response(db, request.candidate_id, whole, wanted.now_utc, sent=images)
        idempotency.keep(db, keyring, asked, answer, request.candidate_id)
        return answer

    return await parts.writing(store)


def _ready(db: Session, parts: Parts, wanted: Enrolling) -> _Ready:
    request = wanted.request
    _check_agreed(db, wanted.tenant_id, request)
    candidate, reply_key = proposed(db, parts, wanted.tenant_id, request.candidate_id, wanted.now_utc)
    if wanted.by_candidate:
        check_enough(len(request.images))
        _check_no_session(db, candidate, wanted.now_utc)
    exam = exams.look_up(db, wanted.tenant_id, request.exam_id)
    policy = Policy.model_validate(policies.get(db, exam).policy) if exam else Policy()
    former = enrollments.standards(db, parts.keys.keyring, candidate)
    return _Ready(candidate, reply_key, policy.enrollment_gate, former)


def _check_same(db: Session, parts: Parts, wanted: Enrolling, ready: _Ready) -> None:
    """Store a new candidate and lock it, so that nobody else enrolls it until the commit.

    Raises as `_ready` does, and `Unavailable` when another request enrolled the candidate meanwhile, because
    the new face was not compared with that enrollment.
    """
    if not candidates.keep(db, ready.candidate):
        raise Unavailable("the candidate was just created by another request; try again")
    keys.keep(db, ready.reply_key)
    # Locked: a withdrawal made meanwhile is either read here or finds this enrollment.
    candidates.lock(db, ready.candidate)
    _check_agreed(db, wanted.tenant_id, wanted.request)
    if wanted.request.acknowledged is not None:
        consents.record_acknowledged(
            db,
            ready.candidate,
            (Purpose.IDENTITY_VERIFICATION,),
            wanted.request.acknowledged,
            recorded_by=wanted.subject,
            now_utc=wanted.now_utc,
        )
    if wanted.by_candidate:
        _check_no_session(db, ready.candidate, wanted.now_utc)
    compared_with = ready.former[0].enrollment_id if ready.former else None
    if enrollments.in_force_id(db, ready.candidate) != compared_with:
        raise Unavailable("the candidate was just enrolled by another request; try again")


def _check_no_session(db: Session, candidate: Candidate, now_utc: datetime) -> None:
    if enrollments.sits_now(db, candidate, now_utc):
        raise Rejected(
            "your exam is running; you cannot enroll until it has ended", code="session-active", status=409
        )


async def _check_one_person(
    parts: Parts,
    node_id: UUID,
    judged: list[Judged],
    images: list[EnrolledImage],
    reply_key: Opener,
) -> None:
    """Check that pictures passed and show one person. Raises `Rejected` (422) when none passes, or two that
    pass disagree."""
    passed = [
        (place, one.picture.templates)
        for place, one in enumerate(judged)
        if one.picture is not None and not one.picture.failed
    ]
    if not passed:
        raise refusal(images)
    worst = worst_of(await comparing.pairs(parts, node_id, passed, reply_key))
    if worst is not None:
        raise disagreement(worst)


async def _unlike(
    parts: Parts,
    node_id: UUID,
    former: Sequence[Enrolled],
    templates: Mapping[str, Sequence[float]],
    reply_key: Opener,
) -> Unlike | None:
    """Why the new face must wait; None if it is like those it is compared with, or there are none."""
    if not former:
        return None
    probe = [
        Template(embedding_id=uuid7(), recogniser=name, vector=encode_vector(bytes_of(vector)))
        for name, vector in templates.items()
    ]
    others = [template for one in former for template in one.templates]
    found = await comparing.similarities(parts, node_id, probe, others, reply_key)
    verdict, similarity = likeness(found)
    return None if verdict == "alike" else Unlike(similarity)


def response(
    db: Session,
    candidate: str,
    stored: StoredEnrollment,
    now_utc: datetime,
    sent: list[EnrolledImage] | None = None,
) -> EnrollResponse:
    """The answer to an enrollment. `sent`: all pictures, if the omitted ones are known."""
    row, images = stored.row, stored.images if sent is None else sent
    before, waiting = enrollments.replaced(db, row), enrollments.waiting(db, row.candidate_id)
    in_force = row.in_force_utc is not None
    return EnrollResponse(
        status="partial" if any(image.failed for image in images) else "success",
        candidate_id=candidate,
        enrollment_id=str(row.id),
        embeddings=images,
        average_embedding_stored=True,
        enrollment_timestamp=row.created_utc,
        recommendations=recommendations(images) if in_force else [WAITS],
        expires_at=row.expires_utc,
        expired=in_force and expired(row.expires_utc, waiting.created_utc if waiting else None, now_utc),
        replaces=str(before) if before and in_force else None,
        state="in-force" if in_force else "pending",
        pending_id=str(waiting.id) if waiting else None,
    )


def _check_agreed(db: Session, tenant_id: UUID, request: EnrollRequest) -> None:
    """Check that the candidate agrees to being enrolled, by its consents and by the request. Raises
    `Rejected` (409) if not."""
    exam = exams.look_up(db, tenant_id, request.exam_id)
    policy = Policy.model_validate(policies.get(db, exam).policy) if exam else Policy()
    if request.acknowledged is not None:
        policy = on_another_basis(policy, (Purpose.IDENTITY_VERIFICATION,))
    policy = on_another_basis(policy, tenants.on_another_basis(db, tenant_id))
    candidate = candidates.find(db, tenant_id, request.candidate_id)
    check_may_enroll(latest(consents.words_of(db, candidate)) if candidate else {}, policy)


def proposed(
    db: Session, parts: Parts, tenant_id: UUID, reference: str, now_utc: datetime
) -> tuple[Candidate, Key]:
    """The candidate and the key for nodes' results, not stored yet if they are new."""
    candidate = candidates.propose(db, tenant_id, reference, now_utc)
    return candidate, keys.propose_template_key(db, parts.keys.keyring, candidate, now_utc)
