"""How candidates join: the link's code, the notice, a ticket for the live socket."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from coordinator.candidates import service as candidates
from coordinator.consents import service as consents
from coordinator.exams import service as exams
from coordinator.live.tickets import LIFETIME_S
from coordinator.sessions import service as sessions
from coordinator.sessions.answers import join_response, session_token, webrtc_config
from coordinator.sessions.changing import telling
from coordinator.sessions.joining import service as joining
from coordinator.sessions.joining.failures import check_may_try, note_failure
from coordinator.sessions.notice import check_acknowledged, notice_for
from coordinator.sessions.service import Found
from coordinator.tokens import key_service as token_keys
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import Now, PartsDep, SessionRef
from coordinator.web_api.rates import check_rate
from coordinator.web_api.security import CandidateOrSession, StaffOrSession, check_own_session
from shared.alerts import Alert, Shown
from shared.api.sessions import AcknowledgeRequest, JoinRequest, JoinResponse, TicketResponse
from shared.errors import Rejected
from shared.notices import RAISED
from shared.policy.schema import Policy
from shared.tokens import Claims

router = APIRouter(tags=["candidate's page"])


@router.post("/join", responses=problems(404, 409, 410, 429))
async def join(body: JoinRequest, request: Request, parts: PartsDep, now: Now) -> JoinResponse:
    """Exchange a link's one-time code for the session's token and everything the page needs.

    A code works once, within 15 minutes of the session's start or of its exam's, whichever is later.
    """
    failures, address = parts.rates.join_failures, request.client.host if request.client else ""
    check_may_try(failures, address, body.code, parts.clock())

    def work(db: Session) -> JoinResponse:
        found = joining.use_code(db, body.code, now)
        session = found.session
        exam = exams.look_up(db, session.tenant_id, session.exam_reference)
        signer = token_keys.of_session(db, parts.keys, session.tenant_id, session.token_kid)
        title = exam.title if exam else session.exam_reference
        webrtc, token = webrtc_config(parts.ice_servers), session_token(signer, found, now)
        return join_response(parts.config, webrtc, found, token, title)

    try:
        await parts.reading(lambda db: joining.check_known(db, body.code))
        return await parts.writing(work)
    except Rejected:
        note_failure(failures, address, body.code, parts.clock())
        raise


@router.post(
    "/session/{session_id}/acknowledge", status_code=204, responses=problems(401, 403, 404, 409, 410)
)
async def acknowledge_notice(
    session_id: SessionRef, body: AcknowledgeRequest, claims: CandidateOrSession, parts: PartsDep, now: Now
) -> Response:
    """Record that the candidate acknowledged this version of the notice for each of its purposes.

    What waited for this is watched from now on: the session's node is told before the answer is given.
    """

    def work(db: Session) -> tuple[Found, Alert | None, bool]:
        found = _own(db, claims, session_id, now)
        candidates.lock(db, found.candidate)
        notice = notice_for(Policy.model_validate(found.session.policy))
        check_acknowledged(notice, body.notice_version, body.purposes)
        milestone = joining.acknowledge(db, parts.keys.keyring, found, notice, now)
        return found, milestone, consents.settle(db, found.candidate, found.session)

    found, milestone, settled = await parts.writing(work)
    if milestone is not None:
        parts.rooms.tell(found.session.id, Shown(milestone), RAISED)
    if settled:
        await telling.tell(parts, found.session)
    return Response(status_code=204)


@router.post("/session/{session_id}/ws-ticket", responses=problems(401, 403, 404, 410))
async def create_ticket(
    session_id: SessionRef, claims: StaffOrSession, parts: PartsDep, now: Now
) -> TicketResponse:
    """A ticket that opens the session's live socket once, within 30 seconds: `/ws/{session_id}?ticket=…`."""
    check_rate(parts.rates.ticket, claims.bearer, parts.clock())
    await parts.reading(lambda db: _own(db, claims, session_id, now))
    return TicketResponse(
        ticket=parts.tickets.issue(claims, session_id, parts.clock()),
        expires_in_seconds=LIFETIME_S,
    )


def _own(db: Session, claims: Claims, reference: str, now: datetime) -> Found:
    found = sessions.find(db, claims.tenant_id, reference)
    check_own_session(claims, found.session.id, found.candidate.reference)
    sessions.check_running(found.session, now)
    return found
