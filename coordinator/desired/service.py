"""Reads and writes what is given to nodes. Flushes, never commits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from coordinator.desired.layers import Layer, Scope
from coordinator.desired.tables import GivenSettings
from coordinator.ground.database import insert_once
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared.errors import Rejected
from shared.node_settings import Scalar


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One change of what some nodes are given."""

    scope: Scope
    target: str = ""
    settings: Mapping[str, Scalar]
    weights: Mapping[str, str]
    reason: str | None
    made_by: str


def give(db: Session, given: Given, now_utc: datetime) -> GivenSettings:
    """Put this in the place of what was given to the same nodes before. Raises `Rejected` (409
    "settings-changed") when somebody else gave something at the same time."""
    row = GivenSettings(
        version=(db.exec(select(func.max(GivenSettings.version))).one() or 0) + 1,
        tenant_id=DEFAULT_TENANT_ID,
        scope=given.scope,
        target=given.target,
        settings=dict(given.settings),
        weights=dict(given.weights),
        reason=given.reason,
        made_by=given.made_by,
        made_utc=now_utc,
    )
    if not insert_once(db, row):
        raise Rejected(
            "somebody else has just changed settings; look at them and send this again",
            code="settings-changed",
            status=409,
        )
    return row


def current(db: Session) -> list[GivenSettings]:
    """What counts now for all, for regions and for nodes, in this order."""
    latest = select(func.max(GivenSettings.version)).group_by(
        col(GivenSettings.scope), col(GivenSettings.target)
    )
    rows = db.exec(select(GivenSettings).where(col(GivenSettings.version).in_(latest)))
    return sorted(rows, key=lambda row: (tuple(Scope).index(row.scope), row.target))


def layers(db: Session) -> list[Layer]:
    """The same as values."""
    return [
        Layer(
            version=row.version,
            scope=row.scope,
            target=row.target,
            settings=row.settings,
            weights=row.weights,
        )
        for row in current(db)
    ]
