"""A candidate's practice: checks camera, microphone and face before the exam; stores only the results."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from coordinator.candidates import service as candidates
from coordinator.candidates.registered import check_registered
from coordinator.candidates.tables import Candidate
from coordinator.consents import service as consents
from coordinator.enrollments import faces_service as faces, service as enrollments
from coordinator.enrollments.enrolling import proposed
from coordinator.enrollments.judging import judge_all
from coordinator.enrollments.trial import FaceTried, outcomes
from coordinator.exams import service as exams
from coordinator.keys import service as keys
from coordinator.nodes import asking
from coordinator.policies import service as policies
from coordinator.web_api.parts import Parts
from shared.api.enrollments import EnrollImage
from shared.api.faces import PracticeRequest, PracticeResponse
from shared.consents import Purpose
from shared.errors import Unavailable
from shared.events.types import EventType
from shared.hybrid import Opener
from shared.messages.comparing import CompareTemplates
from shared.messages.faces import EnrolledPicture, Template
from shared.policy.schema import Policy
from shared.tokens import Claims, Role


@dataclass(frozen=True, slots=True)
class _Judging:
    """The gate for a picture, and the templates it is compared with."""

    templates: tuple[Template, ...]
    reply_key: Opener
    policy: Policy


async def practice(
    parts: Parts, claims: Claims, request: PracticeRequest, now_utc: datetime
) -> PracticeResponse:
    """Run the checks. Raises `Rejected` if the exam or the candidate is unknown, and `Unavailable` if there
    is a picture but no node to judge it."""
    keyring, tenant_id = parts.keys.keyring, claims.tenant_id

    def read(db: Session) -> tuple[Policy, tuple[Template, ...]]:
        exam = exams.look_up(db, tenant_id, request.exam_id)
        policy = Policy.model_validate(policies.get(db, exam).policy) if exam else Policy()
        known = candidates.find(db, tenant_id, request.candidate_id)
        if not request.allow_unregistered:
            # A candidate with its own token is known to the issuer of that token.
            candidate_known = known is not None or claims.role is Role.CANDIDATE
            check_registered(exam_known=exam is not None, candidate_known=candidate_known)
        enrolled = enrollments.enrolled(db, keyring, known, now_utc) if known and _agrees(db, known) else None
        return policy, enrolled.templates if enrolled else ()

    policy, templates = await parts.reading(read)
    candidate, key = await parts.reading(
        lambda db: proposed(db, parts, tenant_id, request.candidate_id, now_utc)
    )
    face = None
    if request.image is not None:
        judging = _Judging(templates, keyring.open_private(key), policy)
        face = await _face_tried(parts, request.image, judging)
    tried = outcomes(request.camera, request.microphone, face)

    def store(db: Session) -> None:
        if not candidates.keep(db, candidate):
            raise Unavailable("the candidate was just created by another request; try again")
        candidates.lock(db, candidate)
        keys.keep(db, key)
        faces.keep_check(db, candidate, {one.check: one.outcome for one in tried}, now_utc)

    await parts.writing(store)
    return PracticeResponse(
        candidate_id=request.candidate_id,
        ready=all(one.outcome == "ok" for one in tried),
        checks=tried,
        checked_at=now_utc,
    )


def _agrees(db: Session, candidate: Candidate) -> bool:
    """Whether the candidate has not withdrawn its consent to having its face compared."""
    return candidate.id not in consents.withdrawn(db, candidate.tenant_id, Purpose.IDENTITY_VERIFICATION)


async def _face_tried(parts: Parts, image: EnrollImage, judging: _Judging) -> FaceTried:
    gate = judging.policy.verification_gate
    node_id = parts.fleet.pick(parts.clock(), seat=False).heartbeat.node_id
    [judged] = await judge_all(parts, node_id, [image], judging.reply_key, gate)
    advice = [check.advice for check in judged.failed]
    if judged.picture is None or not judged.passed or not judging.templates:
        return FaceTried(advice, None)
    return FaceTried(advice, await _alike(parts, judged.picture, judging))


async def _alike(parts: Parts, picture: EnrolledPicture, judging: _Judging) -> bool | None:
    node_id = parts.fleet.pick(parts.clock(), seat=False).heartbeat.node_id
    compared = CompareTemplates(probe=picture.templates, others=judging.templates)
    answer = await asking.compare(parts.commander, node_id, compared, judging.reply_key)
    known = [one for one in answer.similarities if one is not None]
    threshold = judging.policy.rule(EventType.FACE_MISMATCH).threshold or 0.0
    return max(known) >= threshold if known else None
