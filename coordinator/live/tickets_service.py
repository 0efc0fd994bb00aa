"""Lets each ticket open one socket at all coordinators together. Flushes, never commits."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session, col, delete

from coordinator.ground.database import insert_once
from coordinator.live.tables import UsedTicket
from coordinator.live.tickets import Ticket, invalid

KEPT_LONGER: Final = timedelta(minutes=1)
"""A used ticket is remembered for so long after its end: the clock of another coordinator may be behind."""


def use(db: Session, ticket: Ticket, now_utc: datetime) -> None:
    """Use a ticket up, and forget those that have expired. Raises `Rejected` (401) if it was used before."""
    db.execute(delete(UsedTicket).where(col(UsedTicket.expires_utc) < now_utc - KEPT_LONGER))
    used = UsedTicket(id=ticket.ticket_id, tenant_id=ticket.claims.tenant_id, expires_utc=ticket.expires_utc)
    if not insert_once(db, used):
        raise invalid()
