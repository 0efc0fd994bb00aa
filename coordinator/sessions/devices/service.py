"""Reads and writes the devices of sessions in the database. Flushes, never commits.

Every change first locks the session's row, so that only one of two simultaneous first devices is bound.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel import Session, col, select

from coordinator.sessions import binding
from coordinator.sessions.binding import DeviceAccess, DeviceState, KnownDevice
from coordinator.sessions.tables import Device, ExamSession
from shared.errors import Rejected
from shared.policy.schema import Policy

_CHALLENGE_BYTES: Final = 24


def find(db: Session, session: ExamSession, key: str | None) -> Device | None:
    """The device with this key; None if it is new to the session."""
    return db.exec(select(Device).where(Device.session_id == session.id, Device.key == key)).one_or_none()


def listing(db: Session, session: ExamSession) -> Sequence[Device]:
    """A session's devices, in the order of their first request."""
    return db.exec(select(Device).where(Device.session_id == session.id).order_by(col(Device.id))).all()


def access(session: ExamSession, device: Device | None, now_utc: datetime) -> DeviceAccess:
    """What a device may do in a session."""
    binds = Policy.model_validate(session.policy).device_binding
    return binding.access_of(binds=binds, bound=session.device > 0, known=_known(device), now_utc=now_utc)


def challenge(found: DeviceAccess, device: Device | None) -> str | None:
    """The challenge that the device must sign; None if it may not open the session or need not sign."""
    if found is DeviceAccess.FREE:
        return binding.FIRST_CHALLENGE
    return device.challenge if found is DeviceAccess.YOURS and device is not None else None


def waits(device: Device, now_utc: datetime) -> bool:
    """Whether its request may be approved now."""
    return binding.waits(KnownDevice(device.state, device.asked_utc), now_utc)


def opened(db: Session, session: ExamSession, key: str, now_utc: datetime) -> None:
    """Note that an allowed device has opened the session. The first one is bound. Each gets a new challenge
    to sign next."""
    device = find(db, session, key)
    if device is None or device.state is not DeviceState.BOUND:
        device = device or _new(session, key)
        _bind(db, session, device, now_utc)
    device.challenge = _challenge()
    db.add(device)
    db.flush()


def ask(db: Session, session: ExamSession, key: str, now_utc: datetime) -> bool:
    """Note that a device asks for access. Returns False if it has already asked.

    Raises `Rejected` (409 `too-many-devices`).
    """
    devices = listing(db, session)
    device = next((one for one in devices if one.key == key), None)
    if device is not None and waits(device, now_utc):
        return False
    if sum(waits(one, now_utc) for one in devices) >= binding.MAX_ASKING:
        raise Rejected(
            "too many devices have asked to use this session; ask your institution for a new link",
            code="too-many-devices",
            status=409,
        )
    device = device or _new(session, key)
    device.state, device.asked_utc = DeviceState.ASKED, now_utc
    db.add(device)
    db.flush()
    return True


def approve(
    db: Session, session: ExamSession, device_id: UUID, by: str, now_utc: datetime
) -> tuple[Device, bool]:
    """Bind a device that has asked, in place of the earlier one. Returns the device, and False if it was
    already bound.

    Raises `Rejected`: 404 `device-unknown`, 409 `request-stale`.
    """
    device = db.exec(
        select(Device).where(Device.session_id == session.id, Device.id == device_id)
    ).one_or_none()
    if device is None:
        raise Rejected("the session has no such device", code="device-unknown", status=404)
    if device.state is DeviceState.BOUND:
        return device, False
    binding.check_waits(KnownDevice(device.state, device.asked_utc), now_utc)
    device.approved_by = by
    _bind(db, session, device, now_utc)
    return device, True


def _bind(db: Session, session: ExamSession, device: Device, now_utc: datetime) -> None:
    for other in listing(db, session):
        if other.state is DeviceState.BOUND:
            other.state, other.ended_utc = DeviceState.ENDED, now_utc
            db.add(other)
    session.device += 1
    device.state, device.number = DeviceState.BOUND, session.device
    device.bound_utc, device.ended_utc = now_utc, None
    db.add(session)
    db.add(device)
    db.flush()


def _new(session: ExamSession, key: str) -> Device:
    return Device(
        tenant_id=session.tenant_id,
        session_id=session.id,
        key=key,
        state=DeviceState.ASKED,
        challenge=_challenge(),
    )


def _challenge() -> str:
    return secrets.token_urlsafe(_CHALLENGE_BYTES)


def _known(device: Device | None) -> KnownDevice | None:
    return None if device is None else KnownDevice(device.state, device.asked_utc)
