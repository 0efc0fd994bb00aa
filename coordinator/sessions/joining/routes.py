"""How candidates join: the link, the notice, earlier messages, a ticket for the live socket."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from coordinator.alerts import service as alerts
from coordinator.candidates import service as candidates
from coordinator.consents import service as consents
from coordinator.consents.words import Why
from coordinator.exams import service as exams
from coordinator.live.tickets import LIFETIME_S
from coordinator.sessions import binding, service as sessions
from coordinator.sessions.answers import join_response, session_token, webrtc_config, withheld_because
from coordinator.sessions.binding import DeviceAccess
from coordinator.sessions.changing import service as changing, telling
from coordinator.sessions.devices import openings, service as devices
from coordinator.sessions.joining import service as joining, told_service as told
from coordinator.sessions.joining.failures import check_may_try, note_failure
from coordinator.sessions.notice import check_acknowledged, notice_for
from coordinator.sessions.presence import service as presence
from coordinator.sessions.service import Found
from coordinator.sessions.tables import ExamSession
from coordinator.tokens import key_service as token_keys
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import Now, Parts, PartsDep, SessionRef
from coordinator.web_api.rates import check_rate
from coordinator.web_api.security import CandidateOrSession, StaffOrSession, check_own_session
from shared.alerts import Alert, Shown
from shared.api.links import (
    AcknowledgeRequest,
    CameraReport,
    DeviceProof,
    JoinAskRequest,
    JoinLook,
    JoinLookRequest,
    JoinRequest,
    JoinResponse,
    TicketResponse,
    ToldOut,
)
from shared.errors import Rejected
from shared.ice import for_session
from shared.notices import RAISED
from shared.policy.schema import Policy
from shared.tokens import Claims

T = TypeVar("T")

router = APIRouter(tags=["candidate's page"])


@router.post("/join/look", responses=problems(404, 410, 429))
async def look_at_link(body: JoinLookRequest, request: Request, parts: PartsDep, now: Now) -> JoinLook:
    """What a link is for. The session is not opened, because mail systems also follow links to check them."""

    def work(db: Session) -> JoinLook:
        return _look(db, joining.follow(db, body.code, now), body.device_key, now)

    return await _with_code(parts, request, body.code, lambda: parts.reading(work))


@router.post("/join", responses=problems(404, 409, 410, 422, 429))
async def join(body: JoinRequest, request: Request, parts: PartsDep, now: Now) -> JoinResponse:
    """Open a session by its link, when the candidate starts. Returns its token and everything else that the
    page needs.

    The link works any number of times until the session ends. The session is bound to the first device that
    opens it; the device signs the challenge from `look_at_link`. Another device is refused (409
    `device-elsewhere`) until staff approve it. A signature that was used before is refused too (409
    `signature-outdated`).
    """

    def work(db: Session) -> JoinResponse:
        found = joining.follow(db, body.code, now)
        session = changing.hold(db, found.session.id, now)
        _check_device(db, session, body.device, now)
        signer = token_keys.of_session(db, parts.keys, session.tenant_id, session.token_kid)
        token = session_token(signer, found, now, by_link=True)
        title = exams.title_of(db, session.tenant_id, session.exam_reference)
        servers = for_session(parts.ice_servers, session.id, session.expires_utc)
        return join_response(parts.config, webrtc_config(servers), found, token, title)

    return await _with_code(parts, request, body.code, lambda: parts.writing(work))


@router.post("/join/ask", responses=problems(404, 409, 410, 422, 429))
async def ask_for_device(body: JoinAskRequest, request: Request, parts: PartsDep, now: Now) -> JoinLook:
    """Ask staff to let this device replace the one that the session is bound to.

    Staff see the request at once, with the number that this device shows. The bound device gets a message.
    The answer is the same as that of `look_at_link`; call that one to learn whether the request was approved.
    """

    def work(db: Session) -> tuple[JoinLook, UUID, Alert | None]:
        found = joining.follow(db, body.code, now)
        session = changing.hold(db, found.session.id, now)
        alert = _ask(db, parts, found, body.device_key, now)
        return _look(db, found, body.device_key, now), session.id, alert

    look, session_id, alert = await _with_code(parts, request, body.code, lambda: parts.writing(work))
    if alert is not None:
        parts.rooms.tell(session_id, Shown(alert), RAISED)
    return look


@router.post("/join/camera", status_code=204, responses=problems(404, 409, 410, 422, 429))
async def report_camera(body: CameraReport, request: Request, parts: PartsDep, now: Now) -> Response:
    """Tell staff whether the page could turn on camera and microphone, in one word without names of devices.

    They then see a technical problem instead of a page without a picture. A device that may not open the
    session is refused (409 `device-elsewhere`).
    """
    check_rate(parts.rates.camera, body.code, parts.clock())

    def work(db: Session) -> None:
        found = joining.follow(db, body.code, now)
        session = changing.hold(db, found.session.id, now)
        # The key is made when the exam starts: a device without one may report before it.
        access = devices.access(session, devices.find(db, session, body.device_key), now)
        binding.check_may_open(access, has_key=True)
        presence.note_camera(session, None if body.camera == "on" else body.camera, now)

    await _with_code(parts, request, body.code, lambda: parts.writing(work))
    return Response(status_code=204)


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
        ticket=parts.tickets.issue(claims, session_id, now),
        expires_in_seconds=LIFETIME_S,
    )


@router.get("/session/{session_id}/told", responses=problems(401, 403, 404))
async def get_told(session_id: SessionRef, claims: StaffOrSession, parts: PartsDep) -> ToldOut:
    """The newest 20 messages to the candidate, for a page that was reloaded."""

    def work(db: Session) -> ToldOut:
        found = sessions.find(db, claims.tenant_id, session_id)
        check_own_session(claims, found.session.id, found.candidate.reference)
        return ToldOut(items=told.told(db, parts.keys.keyring, found.session))

    return await parts.reading(work)


async def _with_code(parts: Parts, request: Request, code: str, work: Callable[[], Awaitable[T]]) -> T:
    """The answer of `work`. Refused if similar codes from this address have failed too often. An unknown code
    does not wait for the database's write lock."""
    failures, address = parts.rates.join_failures, request.client.host if request.client else ""
    check_may_try(failures, address, code, parts.clock())
    try:
        await parts.reading(lambda db: joining.check_known(db, code))
        return await work()
    except Rejected:
        note_failure(failures, address, code, parts.clock())
        raise


def _look(db: Session, found: Found, key: str | None, now: datetime) -> JoinLook:
    session = found.session
    device = devices.find(db, session, key)
    access = devices.access(session, device, now)
    return JoinLook(
        session_uuid=str(session.id),
        exam_title=exams.title_of(db, session.tenant_id, session.exam_reference),
        notice=notice_for(Policy.model_validate(session.policy)),
        how_it_works=f"/how-it-works?institution={session.tenant_id}",
        # Only devices that may open the session get the credentials of TURN servers.
        webrtc_config=webrtc_config(()),
        device=access.value,
        challenge=devices.challenge(access, device),
        check_number=binding.check_number(key) if key else None,
        not_acknowledged=withheld_because(session, Why.NOT_ACKNOWLEDGED),
        paused_at=session.paused_utc,
        join_url_expires_at=session.expires_utc,
    )


def _check_device(db: Session, session: ExamSession, proof: DeviceProof | None, now: datetime) -> None:
    """Check that this device may open the session, and note that it has. Raises `Rejected` if it may not."""
    device = devices.find(db, session, proof.key if proof else None)
    access = devices.access(session, device, now)
    binding.check_may_open(access, has_key=proof is not None)
    challenge = devices.challenge(access, device)
    if proof is not None and challenge is not None:
        binding.check_signature(proof.key, proof.signature, binding.statement(session.id, challenge))
        devices.opened(db, session, proof.key, now)


def _ask(db: Session, parts: Parts, found: Found, key: str, now: datetime) -> Alert | None:
    """Note that a device asks. Returns the alert about it; None if it need not ask or has asked before."""
    access = devices.access(found.session, devices.find(db, found.session, key), now)
    if access is not DeviceAccess.ELSEWHERE or not devices.ask(db, found.session, key, now):
        return None
    alert = openings.asked(sessions.subject_of(db, found), binding.check_number(key), now)
    return alert if alerts.store_milestone(db, parts.keys.keyring, found.session, alert, now) else None


def _own(db: Session, claims: Claims, reference: str, now: datetime) -> Found:
    found = sessions.find(db, claims.tenant_id, reference)
    check_own_session(claims, found.session.id, found.candidate.reference)
    sessions.check_running(found.session, now)
    return found
