"""Replaces the device that a session is bound to with another one.

The approval takes effect with its commit: from then on, the coordinator refuses all tokens of the earlier
device. Then that device gets a message, its sockets at the coordinator are closed, and the session's node is
told to end its media. A node that cannot be reached is told later: its heartbeats say which device it knows
(`changing.telling.mend`).
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from coordinator.alerts import service as alerts
from coordinator.sessions import binding, service as sessions
from coordinator.sessions.changing import service as changing, telling
from coordinator.sessions.devices import openings, service as devices
from coordinator.sessions.service import Found
from coordinator.sessions.tables import Device
from coordinator.web_api.parts import Parts
from shared.alerts import Alert, Shown
from shared.api.links import DeviceOut
from shared.notices import RAISED
from shared.tokens import Claims


async def approve(
    parts: Parts, claims: Claims, reference: str, device_id: UUID, now_utc: datetime
) -> DeviceOut:
    """Approve a device. If it has already been approved, the answer is the same.

    Raises `Rejected`: 404 `device-unknown`, 409 `request-stale`, 410 after the session's end.
    """

    def work(db: Session) -> tuple[Found, DeviceOut, Alert | None]:
        found = sessions.find(db, claims.tenant_id, reference)
        session = changing.hold(db, found.session.id, now_utc)
        device, moved = devices.approve(db, session, device_id, claims.subject, now_utc)
        number = binding.check_number(device.key)
        alert = openings.approved(sessions.subject_of(db, found), number, claims.subject, now_utc)
        said = moved and alerts.store_milestone(db, parts.keys.keyring, found.session, alert, now_utc)
        return found, device_out(device, now_utc), alert if said else None

    found, answer, alert = await parts.writing(work)
    if alert is not None:
        parts.rooms.tell(found.session.id, Shown(alert), RAISED)
        parts.rooms.move(found.session.id, found.session.device)
        await telling.tell(parts, found.session)
    return answer


def device_out(device: Device, now_utc: datetime) -> DeviceOut:
    """A device in the API's form."""
    asks = devices.waits(device, now_utc) and device.asked_utc is not None
    return DeviceOut(
        device_id=str(device.id),
        state=device.state.value,
        check_number=binding.check_number(device.key),
        asked_at=device.asked_utc,
        ask_expires_at=device.asked_utc + binding.ASK_VALID if asks and device.asked_utc else None,
        bound_at=device.bound_utc,
        ended_at=device.ended_utc,
        approved_by=device.approved_by,
    )
