"""Compares a buffered frame with the enrolled face, on the node that holds the frame."""

from __future__ import annotations

import re

from coordinator.consents.words import Why
from coordinator.enrollments.quality import face_quality, failed_out
from coordinator.keys import service as keys
from coordinator.nodes import asking
from coordinator.sessions.service import Found
from coordinator.sessions.tables import ExamSession
from coordinator.web_api.parts import Parts
from shared.api.sessions import VerifyFrameRequest, VerifyFrameResponse
from shared.consents import Purpose
from shared.errors import Rejected
from shared.messages.faces import VerifiedFrame, VerifyFrame
from shared.policy.schema import Policy

_FRAME_PREFIX = "FRAME-"


async def verify(parts: Parts, found: Found, request: VerifyFrameRequest) -> VerifyFrameResponse:
    """Have the session's node compare the frame.

    Raises `Rejected` like the node (410 if the frame is gone) and `Unavailable` if it cannot be reached.
    """
    session = found.session
    key = await parts.reading(lambda db: keys.get(db, session.tenant_id, session.seal_key_id))
    asked = VerifyFrame(session_id=session.id, frame_id=frame_number(request.frame_id))
    verified = await asking.verify(
        parts.commander, found.assignment.node_id, asked, parts.keys.keyring.open_private(key)
    )
    return answer(verified, Policy.model_validate(session.policy))


def check_may_verify(session: ExamSession) -> None:
    """Check that faces may be compared in this session now. Raises `Rejected` (409) if not."""
    if session.paused_utc is not None:
        raise Rejected(
            "the exam is paused and nothing is watched; try again after the pause",
            code="session-paused",
            status=409,
        )
    reasons = {
        Purpose(purpose): Why(why)
        for purpose, why in session.withheld.items()
        if purpose in (Purpose.CAMERA_MONITORING, Purpose.IDENTITY_VERIFICATION)
    }
    if not reasons:
        return
    names = ", ".join(sorted(reasons))
    if Why.WITHDRAWN in reasons.values():
        raise Rejected(
            f"the candidate has withdrawn its consent to {names}; its face is not compared, and nothing is "
            "known about who it is. Check that in another way",
            code="consent-withdrawn",
            status=409,
        )
    raise Rejected(
        f"the candidate has not acknowledged {names} yet; its face is compared once it has done so on its "
        "page",
        code="acknowledgement-missing",
        status=409,
    )


def frame_number(frame_id: str | None) -> int | None:
    """The node's number of a frame: `FRAME-812` and `812` both mean 812; None is the newest.

    Raises `Rejected` (410) for a name that no frame ever had, because callers need not know what such names
    look like.
    """
    if frame_id is None:
        return None
    number = frame_id.removeprefix(_FRAME_PREFIX)
    if not re.fullmatch("[0-9]{1,12}", number):
        raise Rejected(
            "no frame of this name is in memory; leave frame_id out for the newest one",
            code="frame-gone",
            status=410,
        )
    return int(number)


def answer(verified: VerifiedFrame, policy: Policy) -> VerifyFrameResponse:
    """The answer of verify-frame."""
    return VerifyFrameResponse(
        frame_id=f"{_FRAME_PREFIX}{verified.frame_id}",
        match=verified.match,
        similarity_score=verified.similarity,
        threshold_used=verified.threshold,
        comparison_embedding_id=str(verified.embedding_id) if verified.embedding_id else None,
        face_quality=face_quality(verified.face, policy.verification_gate),
        failed=failed_out(verified.failed),
        timestamp=verified.captured_utc,
    )
