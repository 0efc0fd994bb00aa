"""Reads and writes nodes and their committed lanes in the database. Flushes, never commits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import Session, col, select, update

from coordinator.config import NodeSection
from coordinator.ground.acting import concerns_node
from coordinator.ground.database import insert_once
from coordinator.nodes.marks import Gap, Lost, Progress, commit, gap_of, step_over
from coordinator.nodes.placements import Placement
from coordinator.nodes.tables import CommittedLane, Node
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared.errors import Rejected
from shared.events.types import Lane
from shared.messages.heartbeats import LaneMark, OutboxState

CLOSED: Final = "node-closed"


@dataclass(frozen=True, slots=True, order=True)
class LaneKey:
    """One lane of one outbox of one node."""

    node_id: UUID
    outbox_id: UUID
    lane: Lane


@dataclass(frozen=True, slots=True)
class KnownHost:
    """Which host is a node."""

    boot_id: UUID | None
    """None: none has spoken yet."""
    other_host_utc: datetime | None
    """When another one was refused last."""


def seed(db: Session, sections: Iterable[NodeSection], now_utc: datetime) -> None:
    """Update the rows from the configuration. Nodes that it no longer names stay as history."""
    for section in sections:
        row = Node(
            id=section.node_id,
            tenant_id=DEFAULT_TENANT_ID,
            region=section.region,
            signing_key=section.signing_key,
            created_utc=now_utc,
        )
        if not insert_once(db, row):
            db.exec(
                update(Node)
                .where(col(Node.id) == section.node_id)
                .values(region=section.region, signing_key=section.signing_key)
            )


def all_nodes(db: Session) -> list[Node]:
    """All nodes by region and id. They serve every institution and belong to none; their `tenant_id` is that
    of the first institution."""
    return list(db.exec(select(Node).order_by(col(Node.region), col(Node.id))))


def find(db: Session, node_id: UUID, *, to_change: bool = False) -> Node:
    """One node. Raises `Rejected` (404). `to_change`: its row stays locked until the commit."""
    row = db.get(Node, node_id, with_for_update=to_change)
    if row is None:
        raise Rejected("there is no such node", code="node-unknown", status=404)
    return row


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementWish:
    """Whether a node is to get new sessions from now on."""

    placement: Placement
    reason: str | None = None
    deadline_utc: datetime | None = None
    """By when a draining node is to be empty."""
    drain_running: bool = False
    """Whether running exams move from it too."""


def place(db: Session, node_id: UUID, wish: PlacementWish, now_utc: datetime) -> Node:
    """Open, cordon or drain a node; repeating it changes only reason, deadline and what moves.

    Raises `Rejected`: 404, 409 ("node-revoked") for a node that never comes back.
    """
    concerns_node(node_id)
    row = find(db, node_id, to_change=True)
    if row.revoked_utc is not None:
        raise Rejected("the node was revoked for ever", code="node-revoked", status=409)
    if row.placement is not wish.placement:
        row.placement, row.placement_utc = wish.placement, now_utc
    row.placement_reason, row.drain_deadline_utc = wish.reason, wish.deadline_utc
    row.drain_running = wish.drain_running
    db.flush()
    return row


def check_open(db: Session, node_id: UUID) -> None:
    """Check, in the transaction that gives a node a session, that it gets one. Raises `Rejected` (`CLOSED`).

    Its row cannot change until the commit, so after a cordon is committed no session is stored for the node,
    whatever another replica knew when it chose it.
    """
    wanted = select(Node.placement, Node.revoked_utc).where(Node.id == node_id).with_for_update(read=True)
    placement, revoked_utc = db.exec(wanted).one()
    if placement is not Placement.OPEN or revoked_utc is not None:
        raise Rejected("the node has just been cordoned; send this again", code=CLOSED, status=503)


def seen(db: Session, node_id: UUID, now_utc: datetime) -> None:
    """Record the time at which a node was heard."""
    db.exec(update(Node).where(col(Node.id) == node_id).values(last_seen_utc=now_utc))


def note_keys(db: Session, node_id: UUID, mark: str) -> None:
    """Record which of the coordinator's signing keys count for a node."""
    db.exec(update(Node).where(col(Node.id) == node_id).values(coordinator_keys=mark))


def without_keys(db: Session, marks: Collection[str], since_utc: datetime) -> Sequence[Node]:
    """The nodes that were heard since then, and for which other signing keys count than these."""
    wanted = select(Node).where(
        col(Node.revoked_utc).is_(None),
        col(Node.last_seen_utc) >= since_utc,
        or_(col(Node.coordinator_keys).is_(None), col(Node.coordinator_keys).not_in(marks)),
    )
    return db.exec(wanted.order_by(col(Node.id))).all()


def committed(db: Session, key: LaneKey, sequences: Iterable[int], now_utc: datetime) -> LaneMark:
    """Record sequences as committed, in the transaction that commits their alerts. Returns the lane's
    mark."""
    row = _lane(db, key, now_utc)
    _write(row, commit(_progress(row), sequences), now_utc)
    db.flush()
    return LaneMark(outbox_id=key.outbox_id, lane=key.lane, sequence=row.mark)


def marks(db: Session, node_id: UUID, outboxes: Iterable[OutboxState]) -> list[LaneMark]:
    """The marks of the lanes that a heartbeat reports; 0 for a lane without committed alerts."""
    return [
        LaneMark(outbox_id=state.outbox_id, lane=state.lane, sequence=row.mark if row is not None else 0)
        for state in outboxes
        for row in [db.get(CommittedLane, (node_id, state.outbox_id, state.lane))]
    ]


def gaps(db: Session) -> dict[LaneKey, Gap]:
    """The lanes with missing alerts although later ones have arrived."""
    found = {}
    for row in db.exec(select(CommittedLane)):
        gap = gap_of(_progress(row))
        if gap is not None:
            found[LaneKey(row.node_id, row.outbox_id, row.lane)] = gap
    return found


def stepped_over(
    db: Session, node_id: UUID, outboxes: Iterable[OutboxState], now_utc: datetime
) -> list[Lost]:
    """Stop waiting for alerts that outboxes deleted before they arrived. Returns the losses by lane, which
    stay noted until `take_losses`."""
    found = []
    for state in outboxes:
        row = _lane(db, LaneKey(node_id, state.outbox_id, state.lane), now_utc)
        since_utc = row.updated_utc
        progress, lost = step_over(_progress(row), state.first_waiting)
        _write(row, progress, now_utc)
        if lost:
            found.append(Lost(node_id, lost, since_utc))
            row.lost += lost
            row.lost_since_utc = min(since_utc, row.lost_since_utc or since_utc)
    db.flush()
    return found


def losing(db: Session) -> list[UUID]:
    """The nodes with losses that no session was told of yet."""
    wanted = select(CommittedLane.node_id).where(col(CommittedLane.lost) > 0).distinct()
    return list(db.exec(wanted.order_by(col(CommittedLane.node_id))))


def take_losses(db: Session, node_id: UUID) -> list[Lost]:
    """The noted losses of a node by lane, which are noted no longer: tell of them in this transaction."""
    wanted = (
        select(CommittedLane)
        .where(CommittedLane.node_id == node_id, col(CommittedLane.lost) > 0)
        .order_by(col(CommittedLane.outbox_id), col(CommittedLane.lane))
        .with_for_update()
    )
    taken = []
    for row in db.exec(wanted).all():
        taken.append(Lost(node_id, row.lost, row.lost_since_utc or row.updated_utc))
        row.lost, row.lost_since_utc = 0, None
    db.flush()
    return taken


def known_host(db: Session, node_id: UUID) -> KnownHost:
    """Which host is the node."""
    found = db.exec(select(Node.boot_id, Node.other_host_utc).where(Node.id == node_id)).one_or_none()
    return KnownHost(*found) if found is not None else KnownHost(None, None)


def take_over(db: Session, node_id: UUID, former: UUID | None, boot_id: UUID) -> bool:
    """Let another host be the node, unless one did since `former` was read."""
    unchanged = col(Node.boot_id).is_(None) if former is None else col(Node.boot_id) == former
    here = update(Node).where(col(Node.id) == node_id, unchanged)
    done = db.exec(here.values(boot_id=boot_id, other_host_utc=None))
    return bool(done.rowcount)


def note_other_host(db: Session, node_id: UUID, now_utc: datetime, told_for: timedelta) -> bool:
    """Note that another host was refused. Returns True unless one was noted within `told_for`."""
    last = db.exec(select(Node.other_host_utc).where(Node.id == node_id)).one_or_none()
    if last is None or now_utc - last > told_for / 2:
        db.exec(update(Node).where(col(Node.id) == node_id).values(other_host_utc=now_utc))
    return last is None or now_utc - last > told_for


def _lane(db: Session, key: LaneKey, now_utc: datetime) -> CommittedLane:
    wanted = (
        select(CommittedLane)
        .where(
            CommittedLane.node_id == key.node_id,
            CommittedLane.outbox_id == key.outbox_id,
            CommittedLane.lane == key.lane,
        )
        .with_for_update()  # two replicas may write the same lane; SQLite has only one writer anyway
    )
    found = db.exec(wanted).one_or_none()
    if found is not None:
        return found
    insert_once(
        db,
        CommittedLane(
            node_id=key.node_id,
            outbox_id=key.outbox_id,
            lane=key.lane,
            tenant_id=DEFAULT_TENANT_ID,
            mark=0,
            beyond=[],
            updated_utc=now_utc,
        ),
    )
    return db.exec(wanted).one()


def _progress(row: CommittedLane) -> Progress:
    return Progress(row.mark, tuple((first, last) for first, last in row.beyond))


def _write(row: CommittedLane, progress: Progress, now_utc: datetime) -> None:
    if progress != _progress(row):
        row.mark = progress.mark
        row.beyond = [[first, last] for first, last in progress.beyond]
        row.updated_utc = now_utc
