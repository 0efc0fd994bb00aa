"""For staff: make a new link to a session, list its devices, approve a device."""

from __future__ import annotations

from fastapi import APIRouter
from sqlmodel import Session

from coordinator.idempotency.asked import AskedOnce
from coordinator.idempotency.doing import once
from coordinator.sessions import service as sessions
from coordinator.sessions.changing import service as changing
from coordinator.sessions.devices import moving, service as devices
from coordinator.sessions.joining import service as joining
from coordinator.sessions.joining.codes import join_url
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import Now, PartsDep, SessionRef
from coordinator.web_api.rates import check_rate
from coordinator.web_api.security import Reviewer, Staff
from shared.api.links import ApproveDeviceRequest, DeviceOut, DevicesOut, LinkResponse

router = APIRouter(prefix="/session/{session_id}", tags=["sessions"])


@router.post("/link", status_code=201, responses=problems(401, 403, 404, 409, 410))
async def make_link(
    session_id: SessionRef, claims: Staff, asked: AskedOnce, parts: PartsDep, now: Now
) -> LinkResponse:
    """Make a new link to a running session, for a candidate who has lost the first.

    Earlier links stop working, so a stolen one is useless. A bound device stays bound and can continue.
    """
    check_rate(parts.rates.start, claims.bearer, parts.clock())

    found = await parts.reading(lambda db: sessions.find(db, claims.tenant_id, session_id))

    def work(db: Session) -> LinkResponse:
        session, code = changing.hold(db, found.session.id, now), joining.new_code()
        joining.add_code(db, session, code, now)
        url = join_url(parts.config.web.public_url, code)
        return LinkResponse(session_id=session_id, join_url=url, join_url_expires_at=session.expires_utc)

    return await once(parts, asked, LinkResponse, work, lambda _: found.candidate.reference)


@router.get("/devices", responses=problems(401, 403, 404))
async def list_devices(session_id: SessionRef, claims: Staff, parts: PartsDep, now: Now) -> DevicesOut:
    """The devices that have opened a session or have asked to, in the order of their first request."""

    def work(db: Session) -> DevicesOut:
        session = sessions.find(db, claims.tenant_id, session_id).session
        return DevicesOut(items=[moving.device_out(one, now) for one in devices.listing(db, session)])

    return await parts.reading(work)


@router.post("/approve-device", responses=problems(401, 403, 404, 409, 410))
async def approve_device(
    session_id: SessionRef, body: ApproveDeviceRequest, claims: Reviewer, parts: PartsDep, now: Now
) -> DeviceOut:
    """Approve a device that has asked. It replaces the one that the session is bound to.

    The earlier device is disconnected and shows a message. If the request is older than 15 minutes, or the
    device was bound before and has been replaced since, the answer is 409 `request-stale`. A repeated
    approval gets the same answer.
    """
    return await moving.approve(parts, claims, session_id, body.device_id, now)
