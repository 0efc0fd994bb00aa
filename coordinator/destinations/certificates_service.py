"""The certificates by which programs that follow are known. Flushes, never commits.

A new certificate does not replace the former one at once: for a while both are accepted, so that the program
can change over. A third one ends the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, delete, select

from coordinator.destinations.certificates import Pinned
from coordinator.destinations.tables import Destination, DestinationCertificate
from coordinator.ground.database import insert_new
from coordinator.ground.ids import uuid7
from coordinator.tenants.tables import Tenant
from shared.errors import Rejected


def keep(db: Session, destination: Destination, pinned: Pinned, now_utc: datetime) -> None:
    """Accept a certificate for a destination. Raises `Rejected` (409 `certificate-known`): it stands for one
    destination and no other."""
    forget_ended(db, now_utc)
    row = {
        "id": uuid7(),
        "tenant_id": destination.tenant_id,
        "destination_id": destination.id,
        "der": pinned.der,
        "fingerprint": pinned.fingerprint,
        "created_utc": now_utc,
        "ends_utc": None,
    }
    if not insert_new(db, DestinationCertificate, [row]):
        raise Rejected(
            "this certificate is known already; make one for each destination",
            code="certificate-known",
            status=409,
        )


def rotate(
    db: Session, destination: Destination, pinned: Pinned, overlap: timedelta, now_utc: datetime
) -> None:
    """Accept a new certificate; the present one is accepted for a while, and those before it end."""
    for row in _rows(db, destination.id):
        if row.ends_utc is None and overlap:
            row.ends_utc = now_utc + overlap
            db.add(row)
        else:
            db.delete(row)
    db.flush()
    keep(db, destination, pinned, now_utc)


def accepted(db: Session, now_utc: datetime) -> Sequence[bytes]:
    """Every certificate that is accepted now."""
    wanted = select(DestinationCertificate.der).where(_lives(now_utc))
    return db.exec(wanted.order_by(col(DestinationCertificate.created_utc))).all()


def destination_of(db: Session, fingerprint: bytes, now_utc: datetime) -> Destination | None:
    """The destination whose program has this certificate, if it is accepted now and its institution is not
    disabled."""
    wanted = (
        select(Destination)
        .join(DestinationCertificate, col(DestinationCertificate.destination_id) == col(Destination.id))
        .join(Tenant, col(Tenant.id) == col(Destination.tenant_id))
        .where(
            col(Tenant.disabled_utc).is_(None),
            DestinationCertificate.fingerprint == fingerprint,
            _lives(now_utc),
            col(Destination.removed_utc).is_(None),
        )
    )
    return db.exec(wanted).one_or_none()


def former_until(db: Session, destination_id: UUID, now_utc: datetime) -> datetime | None:
    """Until when a former certificate is accepted as well; None: only one is."""
    ends = [row.ends_utc for row in _rows(db, destination_id) if row.ends_utc is not None]
    return max((one for one in ends if one > now_utc), default=None)


def forget(db: Session, destination_id: UUID) -> None:
    """Accept none of a destination's certificates any more."""
    db.exec(
        delete(DestinationCertificate).where(col(DestinationCertificate.destination_id) == destination_id)
    )


def forget_ended(db: Session, now_utc: datetime) -> None:
    """Delete certificates that are accepted no more."""
    db.exec(delete(DestinationCertificate).where(col(DestinationCertificate.ends_utc) <= now_utc))


def _lives(now_utc: datetime) -> ColumnElement[bool]:
    ends = col(DestinationCertificate.ends_utc)
    return or_(ends.is_(None), ends > now_utc)


def _rows(db: Session, destination_id: UUID) -> Sequence[DestinationCertificate]:
    wanted = select(DestinationCertificate).where(DestinationCertificate.destination_id == destination_id)
    return db.exec(wanted).all()
