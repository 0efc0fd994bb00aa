"""Decides how a message that caused an error is treated, and records refusals and parked messages."""

from __future__ import annotations

import logging
from datetime import datetime

from sqlmodel import Session

from coordinator.alerts import service as alerts
from coordinator.alerts.tables import RefusedAlert
from coordinator.arriving import parked_service as parked
from coordinator.arriving.arrival import Behind, Doubtful, TooEarly
from coordinator.arriving.treated import KEYRING_DELAY_S, Post, Treated, Treatment, later_delay_s
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared.alerts import AlertHeader
from shared.errors import Corrupt, Rejected, Unavailable

log = logging.getLogger(__name__)


def treatment_of(
    db: Session, post: Post, header: AlertHeader, error: Exception, now_utc: datetime
) -> Treated:
    """How a message that caused an error is treated."""
    match error:
        case TooEarly() | Doubtful():
            return _later_or_parked(db, post, header, str(error), now_utc)
        case Behind():
            delay_s = later_delay_s(post)
            treatment = Treatment.GIVEN_BACK if delay_s is None else Treatment.LATER
            return Treated(post, treatment, str(error), header, delay_s=delay_s or 0.0)
        case Unavailable():
            return Treated(post, Treatment.LATER, error.code, header, delay_s=KEYRING_DELAY_S)
        case Rejected():
            return refused(db, post, header, error.code, now_utc)
        case Corrupt():
            return refused(db, post, header, str(error), now_utc)
        case _:
            # A message that causes an error here must not block the others or come back for ever.
            log.error(
                "an alert message could not be judged", exc_info=error, extra={"node_id": header.node_id}
            )
            return _later_or_parked(db, post, header, "internal-error", now_utc)


def _later_or_parked(db: Session, post: Post, header: AlertHeader, reason: str, now_utc: datetime) -> Treated:
    """What is not the node's fault is never refused for good: it comes again, and then waits for a person."""
    delay_s = later_delay_s(post)
    if delay_s is not None:
        return Treated(post, Treatment.LATER, reason, header, delay_s=delay_s)
    kept = parked.park(db, post, header, reason, now_utc)
    return Treated(post, Treatment.PARKED if kept else Treatment.GIVEN_BACK, reason, header)


def refused(db: Session, post: Post, header: AlertHeader, reason: str, now_utc: datetime) -> Treated:
    """Record that a message will never be an alert."""
    alerts.write_refusal(
        db,
        RefusedAlert(
            node_id=header.node_id,
            outbox_id=header.outbox_id,
            lane=header.lane,
            sequence=header.sequence,
            tenant_id=DEFAULT_TENANT_ID,
            alert_id=header.alert_id,
            reason=reason,
            refused_utc=now_utc,
        ),
    )
    return Treated(post, Treatment.REFUSED, reason, header)
