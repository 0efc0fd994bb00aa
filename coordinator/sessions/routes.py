"""Sessions over REST: start, end, read, verify a frame."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request
from sqlmodel import Session

from coordinator.alerts import service as alerts
from coordinator.alerts.answers import alert_out
from coordinator.idempotency.asked import AskedOnce
from coordinator.sessions import ending, service as sessions, verifying
from coordinator.sessions.answers import session_out
from coordinator.sessions.presence import service as presence
from coordinator.sessions.presence.answers import card_of, page_out
from coordinator.sessions.service import Found
from coordinator.sessions.starting import first
from coordinator.sessions.starting.preparing import StartWish
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import Now, PartsDep, SessionRef
from coordinator.web_api.rates import check_rate
from coordinator.web_api.security import (
    Staff,
    StaffOrSelf,
    StaffOrSession,
    check_own_candidate,
    check_own_session,
    check_own_word,
)
from shared.api.alerts import TimelineOut
from shared.api.sessions import (
    SessionEndResponse,
    SessionOut,
    SessionStartRequest,
    SessionStartResponse,
    VerifyFrameRequest,
    VerifyFrameResponse,
)
from shared.errors import Rejected
from shared.tokens import Claims, Role

router = APIRouter(prefix="/session", tags=["sessions"])


@router.post("/start", status_code=201, responses=problems(401, 403, 409))
async def start_session(
    body: SessionStartRequest,
    claims: StaffOrSelf,
    asked: AskedOnce,
    request: Request,
    parts: PartsDep,
    now: Now,
) -> SessionStartResponse:
    """Start watching one candidate's exam on the best edge node.

    A candidate may start its own session under the exam's policy, but cannot choose another policy. Without
    an enrollment the session runs and `identity` is `unavailable`. An accommodation that was agreed with the
    candidate applies under every policy. A candidate cannot start a third session while two are running, nor
    an exam that a proctor has terminated for it (409 `exam-terminated`).

    An exam that was not created is refused (422 `exam-unknown`), and so is an unknown candidate (422
    `candidate-unknown`), unless staff set `allow_unregistered`.

    Purposes that the candidate has not acknowledged (`not_acknowledged` in the answer) are withheld: nothing
    is watched for them until the candidate acknowledges the notice on its page. Send `acknowledged` if that
    was done elsewhere.
    """
    check_own_candidate(claims, body.candidate_id)
    _check_own_terms(claims, body)
    check_rate(parts.rates.start, claims.bearer, parts.clock())
    check_own_word(claims, body.acknowledged)
    own = claims.role is Role.CANDIDATE
    address = request.client.host if own and request.client is not None else None
    wish = StartWish(claims.tenant_id, body, now, by_candidate=own, by=claims.subject, address=address)
    return await first.start(parts, wish, asked)


@router.post("/{session_id}/end", responses=problems(401, 403, 404))
async def end_session(
    session_id: SessionRef, claims: StaffOrSession, parts: PartsDep, now: Now
) -> SessionEndResponse:
    """End a session; a candidate ends its own by submitting. Ending twice gives the first answer again."""
    found = await parts.reading(lambda db: sessions.find(db, claims.tenant_id, session_id))
    check_own_session(claims, found.session.id, found.candidate.reference)
    return await ending.end(parts, found, now, submitted=claims.role is Role.CANDIDATE)


@router.get("/{session_id}", responses=problems(401, 403, 404))
async def get_session(
    session_id: SessionRef, claims: StaffOrSession, parts: PartsDep, now: Now
) -> SessionOut:
    """The state of a session."""

    def work(db: Session) -> tuple[Found, datetime | None]:
        found = sessions.find(db, claims.tenant_id, session_id)
        return found, presence.opened_utc(db, [found.session.id]).get(found.session.id)

    found, opened_utc = await parts.reading(work)
    session = found.session
    check_own_session(claims, session.id, found.candidate.reference)
    out = session_out(found, now)
    if claims.role is Role.CANDIDATE:
        # A candidate does not learn how much was unwatched: it could use that to act unseen.
        return out.model_copy(update={"unwatched_s": None})
    card = card_of(parts.fleet, session, found.assignment.node_id, opened_utc, now)
    return out.model_copy(update={"page": page_out(card)})


@router.get("/{session_id}/timeline", responses=problems(401, 403, 404))
async def get_timeline(session_id: SessionRef, claims: Staff, parts: PartsDep, now: Now) -> TimelineOut:
    """Everything that happened in a session, by onset: alerts in their last revision, and milestones.

    A session with too many alerts for one answer gets 413 `timeline-too-large`; /alerts lists them page by
    page.
    """

    def work(db: Session) -> TimelineOut:
        found = sessions.find(db, claims.tenant_id, session_id)
        alerts.count_within_bounds(db, found.session, "timeline-too-large")
        stored = alerts.timeline(db, parts.keys.keyring, found.session)
        return TimelineOut(session=session_out(found, now), items=[alert_out(one) for one in stored])

    return await parts.reading(work)


@router.post("/{session_id}/verify-frame", responses=problems(401, 403, 404, 409, 410))
async def verify_frame(
    session_id: SessionRef, body: VerifyFrameRequest, claims: Staff, parts: PartsDep, now: Now
) -> VerifyFrameResponse:
    """Compare one buffered frame, or the newest, with the enrolled face.

    A frame that is no longer in memory gets 410. While the exam is paused, or the candidate does not agree to
    it, nothing is compared (409 `session-paused`, `consent-withdrawn`, `acknowledgement-missing`).
    """
    found = await parts.reading(lambda db: sessions.find(db, claims.tenant_id, session_id))
    sessions.check_running(found.session, now)
    verifying.check_may_verify(found.session)
    check_rate(parts.rates.verify, str(found.session.id), parts.clock())
    return await verifying.verify(parts, found, body)


def _check_own_terms(claims: Claims, body: SessionStartRequest) -> None:
    own_terms = (body.verification_policy, body.policy, body.features_enabled)
    if claims.role is Role.CANDIDATE and any(term is not None for term in own_terms):
        raise Rejected(
            "a candidate cannot choose the policy of its own exam", code="policy-not-yours", status=403
        )
    if claims.role is Role.CANDIDATE and body.allow_unregistered:
        raise Rejected("only staff may start an exam that is not known here", code="staff-only", status=403)
