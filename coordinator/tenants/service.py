"""Reads and writes institutions in the database. Flushes, never commits."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select, tuple_

from coordinator.ground.database import insert_once
from coordinator.ground.ids import uuid7
from coordinator.tenants.institutions import INSTALLATION_ID, Institutions, disabled
from coordinator.tenants.tables import Tenant
from coordinator.web_api.cursors import Cursor, cut
from shared.api.tenants import AcknowledgementRule
from shared.consents import Purpose
from shared.errors import Rejected
from shared.fields import format_utc


def create(db: Session, name: str, now_utc: datetime) -> Tenant:
    """Create an institution. Raises `Rejected` (409 `tenant-exists`)."""
    tenant = Tenant(id=uuid7(), name=name, created_utc=now_utc)
    if not insert_once(db, tenant):
        raise Rejected("an institution with this name exists", code="tenant-exists", status=409)
    return tenant


def find(db: Session, tenant_id: UUID, *, to_change: bool = False) -> Tenant:
    """An institution. Raises `Rejected` (404 `tenant-unknown`); `to_change` locks it until the commit."""
    wanted = select(Tenant).where(Tenant.id == tenant_id, Tenant.id != INSTALLATION_ID)
    tenant = db.exec(wanted.with_for_update() if to_change else wanted).one_or_none()
    if tenant is None:
        raise _unknown()
    return tenant


def by_name(db: Session, name: str) -> Tenant:
    """An institution by its name. Raises `Rejected` (404 `tenant-unknown`)."""
    wanted = select(Tenant).where(Tenant.name == name, Tenant.id != INSTALLATION_ID)
    tenant = db.exec(wanted).one_or_none()
    if tenant is None:
        raise _unknown()
    return tenant


def page(db: Session, after: Cursor | None, limit: int) -> tuple[list[Tenant], Cursor | None]:
    """Institutions, oldest first, and the next page's cursor."""
    place = (col(Tenant.created_utc), col(Tenant.id))
    wanted = select(Tenant).where(Tenant.id != INSTALLATION_ID)
    if after is not None:
        wanted = wanted.where(tuple_(*place) > after)
    rows = db.exec(wanted.order_by(*place).limit(limit + 1)).all()
    shown, following = cut(rows, limit, lambda row: Cursor(row.created_utc, row.id))
    return list(shown), following


def disable(db: Session, tenant_id: UUID, by: str, now_utc: datetime) -> Tenant:
    """Disable an institution. If it is already disabled, nothing changes. The caller must also revoke its
    tokens."""
    tenant = find(db, tenant_id, to_change=True)
    if tenant.disabled_utc is None:
        tenant.disabled_utc, tenant.disabled_by = now_utc, by
        db.flush()
    return tenant


def enable(db: Session, tenant_id: UUID) -> Tenant:
    """Enable an institution again."""
    tenant = find(db, tenant_id, to_change=True)
    tenant.disabled_utc = tenant.disabled_by = None
    db.flush()
    return tenant


def check_open(db: Session, tenant_id: UUID) -> None:
    """Check that an institution is enabled. Raises `Rejected` if it is disabled (401) or does not exist
    (404).

    Its row stays locked until the commit, so no replica can start anything for it after it was disabled.
    """
    wanted = select(Tenant).where(Tenant.id == tenant_id).with_for_update(read=True)
    tenant = db.exec(wanted.execution_options(populate_existing=True)).one_or_none()
    if tenant is None:
        raise _unknown()
    if tenant.disabled_utc is not None:
        raise disabled()


def institutions(db: Session) -> Institutions:
    """All institutions, and which of them are disabled."""
    rows = db.exec(select(Tenant.id, Tenant.disabled_utc)).all()
    return Institutions(
        frozenset(tenant_id for tenant_id, _ in rows),
        frozenset(tenant_id for tenant_id, disabled_utc in rows if disabled_utc is not None),
    )


def on_another_basis(db: Session, tenant_id: UUID) -> frozenset[Purpose]:
    """The purposes for which an institution requires no acknowledgement."""
    return frozenset(map(Purpose, find(db, tenant_id).other_bases))


def set_rule(
    db: Session, tenant: Tenant, purpose: Purpose, rule: AcknowledgementRule, by: str, now_utc: datetime
) -> None:
    """Record whether candidates must acknowledge a purpose. The caller must have read the row with
    `to_change`."""
    bases = {name: basis for name, basis in tenant.other_bases.items() if name != purpose}
    if rule.basis is not None:
        bases[purpose.value] = {"basis": rule.basis, "by": by, "at": format_utc(now_utc)}
    tenant.other_bases = bases
    db.flush()


def _unknown() -> Rejected:
    return Rejected("there is no institution with this id or name", code="tenant-unknown", status=404)
