"""Enroll a candidate: pictures made harmless here, judged and embedded on an edge node, averaged and stored.

    pictures ─ re-encode ─ sealed `enroll` commands ─ node ─ sealed measures and templates
             ─ those that pass ─ best three ─ mean per recogniser ─ one transaction

Nothing is stored before everything is known: a refused or failed enrollment leaves no trace. Each picture
has its own result; the enrollment stands on those that pass, and is refused (422 `enrollment-refused`) when
none does.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlmodel import Session

from coordinator.candidates import service as candidates
from coordinator.candidates.tables import Candidate
from coordinator.consents import service as consents
from coordinator.consents.words import check_may_enroll, latest
from coordinator.enrollments import service as enrollments
from coordinator.enrollments.pictures import decode_base64, reencode
from coordinator.enrollments.quality import failed_out, image_out, recommendations, unreadable
from coordinator.enrollments.service import NewEnrollment, StoredEnrollment
from coordinator.exams import service as exams
from coordinator.ground.ids import uuid7
from coordinator.idempotency import service as idempotency
from coordinator.idempotency.sameness import Asked
from coordinator.keys import service as keys
from coordinator.keys.tables import Key
from coordinator.nodes import asking
from coordinator.policies import service as policies
from coordinator.web_api.parts import Parts
from shared.api.enrollments import EnrolledImage, EnrollImage, EnrollRequest, EnrollResponse, FailedCheckOut
from shared.consents import Purpose
from shared.enrollment import best_pictures, floats_of, mean_templates
from shared.errors import Rejected, Unavailable
from shared.messages import EnrolledPicture, decode_vector
from shared.policy.schema import Policy
from shared.policy.terms import ENROLLMENT_GATE, Gate
from shared.tokens import Claims

JUDGED_AT_ONCE: Final = 2
"""Pictures of one request that a node judges side by side."""
GATE: Final = ENROLLMENT_GATE


@dataclass(frozen=True, slots=True)
class Judged:
    """One picture: what a node said of it, or why it never got there."""

    picture: EnrolledPicture | None
    refusal: Rejected | None = None

    @property
    def passed(self) -> bool:
        return self.picture is not None and not self.picture.failed

    @property
    def failed(self) -> list[FailedCheckOut]:
        """What is wrong with it and what to do; empty when it passed."""
        if self.picture is not None:
            return failed_out(self.picture.failed)
        return unreadable(self.refusal or refusal([])).failed


async def enroll(
    parts: Parts, claims: Claims, request: EnrollRequest, now_utc: datetime, asked: Asked | None
) -> EnrollResponse:
    """Enroll from a request's pictures.

    Raises `Rejected` (422) when no picture passes, (409) when the candidate has not agreed to it, and
    `Unavailable` when no node can judge them.
    """
    keyring = parts.keys.keyring

    def read(db: Session) -> tuple[Candidate, Key] | EnrollResponse:
        known = idempotency.recall(db, keyring, asked, EnrollResponse)
        if known is None:
            _check_agreed(db, claims.tenant_id, request)
        return known or proposed(db, parts, claims.tenant_id, request.candidate_id, now_utc)

    found = await parts.reading(read)
    if isinstance(found, EnrollResponse):
        return found
    candidate, reply_key = found
    judged = await judge_all(parts, request.images, keyring.open_private(reply_key), GATE)
    images = describe(judged)
    if not any(one.passed for one in judged):
        raise refusal(images)
    new = NewEnrollment(
        exam_reference=request.exam_id,
        images=[image for image in images if not image.failed],
        templates=templates_of(judged, images),
        details=request.metadata,
        valid=timedelta(days=parts.config.faces.valid_days),
    )

    def store(db: Session) -> EnrollResponse:
        if not candidates.keep(db, candidate):
            raise Unavailable("the candidate was just made by another request; try again")
        candidates.lock(db, candidate)  # what it withdraws meanwhile is seen here, or sees the enrollment
        _check_agreed(db, claims.tenant_id, request)
        if request.acknowledged is not None:
            consents.record_acknowledged(
                db,
                candidate,
                (Purpose.IDENTITY_VERIFICATION,),
                request.acknowledged,
                recorded_by=claims.subject,
                now_utc=now_utc,
            )
        keys.keep(db, reply_key)
        stored = enrollments.store(db, keyring, candidate, new, now_utc)
        answer = response(db, request.candidate_id, StoredEnrollment(stored, images), now_utc, sent=images)
        idempotency.keep(db, keyring, asked, answer, request.candidate_id)
        return answer

    return await parts.writing(store)


def describe(judged: list[Judged]) -> list[EnrolledImage]:
    """Every picture's result, in order, with the best ones selected."""
    passed = [index for index, one in enumerate(judged) if one.passed]
    best = {passed[place] for place in best_pictures([_quality(judged[index]) for index in passed])}
    return [_image(one, selected=index in best) for index, one in enumerate(judged)]


def templates_of(judged: list[Judged], images: list[EnrolledImage]) -> dict[str, tuple[float, ...]]:
    """The mean embedding of the selected pictures, per recogniser that saw all of them.

    Raises `Unavailable` when there is none: the node runs no recogniser.
    """
    vectors = [
        {t.recogniser: floats_of(decode_vector(t.vector)) for t in one.picture.templates}
        for one, image in zip(judged, images, strict=True)
        if image.selected and one.picture is not None
    ]
    templates = mean_templates(vectors)
    if not templates:
        raise Unavailable("the edge node has no network that recognises faces", code="no-recogniser")
    return templates


def refusal(images: list[EnrolledImage]) -> Rejected:
    """422 with each picture's failed checks: value, bound and what to do."""
    errors = [
        {"path": f"body.images.{index}", "message": check.advice, **check.model_dump(exclude={"advice"})}
        for index, image in enumerate(images)
        for check in image.failed
    ]
    return Rejected(
        "no picture can be used; see errors for what to do about each",
        code="enrollment-refused",
        status=422,
        errors=errors,
    )


def response(
    db: Session,
    candidate: str,
    stored: StoredEnrollment,
    now_utc: datetime,
    sent: list[EnrolledImage] | None = None,
) -> EnrollResponse:
    """The answer to an enrollment. `sent`: all pictures, where those that were left out are known."""
    row, images = stored.row, stored.images if sent is None else sent
    before = enrollments.replaced(db, row)
    return EnrollResponse(
        status="partial" if any(image.failed for image in images) else "success",
        candidate_id=candidate,
        enrollment_id=str(row.id),
        embeddings=images,
        average_embedding_stored=True,
        enrollment_timestamp=row.created_utc,
        recommendations=recommendations(images),
        expires_at=row.expires_utc,
        expired=enrollments.expired(row, now_utc),
        replaces=str(before) if before else None,
    )


def _check_agreed(db: Session, tenant_id: UUID, request: EnrollRequest) -> None:
    """Raises `Rejected` (409) unless the candidate agrees to being enrolled, as far as is known or said."""
    exam = exams.look_up(db, tenant_id, request.exam_id)
    policy = Policy.model_validate(policies.get(db, exam).policy) if exam else Policy()
    if request.acknowledged is not None:
        policy = policy.model_copy(update={"without_acknowledgement": (Purpose.IDENTITY_VERIFICATION,)})
    candidate = candidates.find(db, tenant_id, request.candidate_id)
    check_may_enroll(latest(consents.words_of(db, candidate)) if candidate else {}, policy)


def proposed(
    db: Session, parts: Parts, tenant_id: UUID, reference: str, now_utc: datetime
) -> tuple[Candidate, Key]:
    """The candidate and the key that nodes seal what they say of it to, not stored where they are new."""
    candidate = candidates.propose(db, tenant_id, reference, now_utc)
    return candidate, keys.propose_template_key(db, parts.keys.keyring, candidate, now_utc)


async def judge_all(
    parts: Parts, images: list[EnrollImage], reply_key: X25519PrivateKey, gate: Gate
) -> list[Judged]:
    """What a node says of each picture, by this gate. Raises `Unavailable` when there is none to ask."""
    node_id = parts.fleet.pick(parts.clock(), seat=False).heartbeat.node_id
    turns = asyncio.Semaphore(JUDGED_AT_ONCE)

    async def judge(image: EnrollImage) -> Judged:
        async with turns:
            try:
                async with parts.decoding:
                    jpeg = await asyncio.to_thread(lambda: reencode(decode_base64(image.image_base64)))
                return Judged(await asking.enroll(parts.commander, node_id, jpeg, gate, reply_key))
            except Rejected as error:
                return Judged(None, error)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(judge(image)) for image in images]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from failures  # the first one cancelled the others
    return [task.result() for task in tasks]


def _quality(judged: Judged) -> float:
    return judged.picture.face.quality if judged.picture and judged.picture.face else 0.0


def _image(judged: Judged, *, selected: bool) -> EnrolledImage:
    if judged.picture is None:
        return unreadable(judged.refusal) if judged.refusal else unreadable(refusal([]))
    return image_out(
        judged.picture.face,
        failed_out(judged.picture.failed),
        gate=GATE,
        embedding_id=str(uuid7()) if judged.passed else None,
        selected=selected,
    )
