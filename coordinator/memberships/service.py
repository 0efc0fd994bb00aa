"""Join tokens, nodes that joined, and their certificates in the database. Flushes, never commits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel import Session, col, delete, func, select, tuple_

from coordinator.ground.acting import concerns_node
from coordinator.memberships.asking import Joining, Renewing, node_refused, token_refused
from coordinator.memberships.given_identity import GivenIdentity
from coordinator.memberships.tables import IssuedJoinToken, NodeCertificate
from coordinator.nodes.placements import Placement
from coordinator.nodes.tables import Node
from coordinator.tenants.institutions import INSTALLATION_ID
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from coordinator.web_api.cursors import Cursor, cut
from shared.errors import Rejected
from shared.node_lifetimes import (
    BACKDATED,
    TOKEN_LIFETIME,
    CertificateRefusal,
    KeptToken,
    KnownNode,
    join_refused,
    renewal_refused,
    repeated,
)

KEPT_FOR: Final = timedelta(days=30)
"""How long used and expired tokens and certificates are kept, to look up."""
MAX_OPEN: Final = 1_000
"""Join tokens that are neither used nor expired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJoinToken:
    """A requested join token."""

    secret_hash: str
    region: str
    name: str | None
    made_by: str
    now_utc: datetime


@dataclass(frozen=True, slots=True)
class Members:
    """The nodes that joined, those that were revoked, and those that get no new sessions."""

    joined: dict[UUID, str]
    """Their signing keys."""
    revoked: frozenset[UUID]
    revoked_at_hub: dict[str, datetime]
    """The keys at the hub of revoked nodes whose JWTs have not ended, and when they end."""
    closed: dict[UUID, Placement]
    """The nodes that get no new sessions."""


def make_token(db: Session, wanted: NewJoinToken) -> IssuedJoinToken:
    """Record a join token. Raises `Rejected` (409 `too-many-join-tokens`)."""
    made, now_utc = col(IssuedJoinToken.made_utc), wanted.now_utc
    db.exec(delete(IssuedJoinToken).where(made <= now_utc - KEPT_FOR))
    living = (made > now_utc - TOKEN_LIFETIME, col(IssuedJoinToken.used_utc).is_(None))
    if db.exec(select(func.count()).select_from(IssuedJoinToken).where(*living)).one() >= MAX_OPEN:
        raise Rejected(
            f"{MAX_OPEN} join tokens wait to be used; use them, or wait until they have expired",
            code="too-many-join-tokens",
            status=409,
        )
    row = IssuedJoinToken(
        tenant_id=INSTALLATION_ID,
        secret_hash=wanted.secret_hash,
        region=wanted.region,
        name=wanted.name,
        made_by=wanted.made_by,
        made_utc=now_utc,
    )
    db.add(row)
    db.flush()
    return row


def join(db: Session, secret_hash: str, joining: Joining, now_utc: datetime) -> Node:
    """Let a node join with a token, and use that up. Raises `Rejected` (403, 404)."""
    wanted = select(IssuedJoinToken).where(IssuedJoinToken.secret_hash == secret_hash).with_for_update()
    token = db.exec(wanted).one_or_none()
    kept = None if token is None else KeptToken(made_utc=token.made_utc, used_utc=token.used_utc)
    if (why := join_refused(kept, now_utc)) is not None or token is None:
        raise token_refused(why or CertificateRefusal.UNKNOWN)
    node = _node(db, joining, token, now_utc)
    token.used_utc, token.node_id = now_utc, node.id
    db.flush()
    return node


def renewing(db: Session, asked: Renewing, now_utc: datetime, *, to_record: bool = False) -> Node:
    """The node that asks for a new certificate, after it has proved its key. Raises `Rejected` (403, 404).

    `to_record`: its row stays locked until the commit, so that it cannot be revoked in between.
    """
    node = db.get(Node, asked.wanted.node_id, with_for_update=to_record)
    if node is None or node.joined_utc is None:
        raise node_refused(CertificateRefusal.UNKNOWN)
    asked.check_signed_by(node.signing_key)
    if (why := renewal_refused(_known(node), node.signing_key)) is not None:
        raise node_refused(why)
    first = (
        select(NodeCertificate.begins_utc)
        .where(NodeCertificate.hub_key == asked.wanted.hub_key, NodeCertificate.node_id == node.id)
        .order_by(col(NodeCertificate.begins_utc))
    )
    if repeated(db.exec(first).first(), now_utc):
        raise node_refused(CertificateRefusal.REPEATED)
    return node


def record(db: Session, node: Node, given: GivenIdentity, now_utc: datetime) -> None:
    """Record the certificate that a node is given. Raises `Rejected` (403) for another node's hub key."""
    if db.exec(
        select(NodeCertificate.id).where(
            NodeCertificate.hub_key == given.hub_key, NodeCertificate.node_id != node.id
        )
    ).first():
        raise node_refused(
            CertificateRefusal.OTHER_KEY
        )  # who revokes this node would take the other one back too
    db.exec(delete(NodeCertificate).where(col(NodeCertificate.ends_utc) <= now_utc - KEPT_FOR))
    db.add(
        NodeCertificate(
            tenant_id=INSTALLATION_ID,
            node_id=node.id,
            serial=given.serial,
            hub_key=given.hub_key,
            begins_utc=given.lifetime.begins_utc,
            ends_utc=given.lifetime.ends_utc,
        )
    )
    db.flush()


def revoke(db: Session, node_id: UUID, by: str, now_utc: datetime) -> None:
    """Revoke a node for ever; a second time nothing changes. Raises `Rejected` (404)."""
    concerns_node(node_id)
    node = db.get(Node, node_id, with_for_update=True)
    if node is None:
        raise node_refused(CertificateRefusal.UNKNOWN)
    if node.revoked_utc is None:
        node.revoked_utc, node.revoked_by = now_utc, by
        db.flush()


def page(
    db: Session, after: Cursor | None, limit: int
) -> tuple[list[tuple[NodeCertificate, Node]], Cursor | None]:
    """Certificates with their nodes, soonest to end first, and the next page's cursor."""
    place = (col(NodeCertificate.ends_utc), col(NodeCertificate.id))
    wanted = select(NodeCertificate, Node).join(Node, col(Node.id) == col(NodeCertificate.node_id))
    if after is not None:
        wanted = wanted.where(tuple_(*place) > after)
    rows = db.exec(wanted.order_by(*place).limit(limit + 1)).all()
    shown, following = cut(rows, limit, lambda row: Cursor(row[0].ends_utc, row[0].id))
    return [(certificate, node) for certificate, node in shown], following


def not_renewed_since(db: Session, since_utc: datetime, now_utc: datetime) -> list[UUID]:
    """Nodes whose last certificate is good and was made before an instant. A node whose certificate has ended
    renews before it does anything else."""
    begun, ended = func.max(NodeCertificate.begins_utc), func.max(NodeCertificate.ends_utc)
    wanted = (
        select(NodeCertificate.node_id)
        .join(Node, col(Node.id) == col(NodeCertificate.node_id))
        .where(col(Node.revoked_utc).is_(None))
        .group_by(col(NodeCertificate.node_id))
        .having(begun < since_utc - BACKDATED, ended > now_utc)
    )
    return list(db.exec(wanted))


def members(db: Session, now_utc: datetime) -> Members:
    """Which nodes joined, which were revoked, and which get no new sessions."""
    at_hub = select(NodeCertificate.hub_key, NodeCertificate.ends_utc).join(
        Node, col(Node.id) == col(NodeCertificate.node_id)
    )
    living = (col(Node.revoked_utc).is_not(None), col(NodeCertificate.ends_utc) > now_utc)
    rows = db.exec(
        select(Node).where(
            col(Node.joined_utc).is_not(None)
            | col(Node.revoked_utc).is_not(None)
            | (col(Node.placement) != Placement.OPEN)
        )
    ).all()
    return Members(
        joined={node.id: node.signing_key for node in rows if node.joined_utc is not None},
        revoked=frozenset(node.id for node in rows if node.revoked_utc is not None),
        revoked_at_hub=dict(db.exec(at_hub.where(*living).order_by(col(NodeCertificate.ends_utc))).all()),
        closed={node.id: node.placement for node in rows if node.placement is not Placement.OPEN},
    )


def _node(db: Session, joining: Joining, token: IssuedJoinToken, now_utc: datetime) -> Node:
    """The row of a node that joins: a new one, or that of a node which proved the same key before."""
    same_key = select(Node).where(Node.signing_key == joining.signing_key)
    of_this_id = db.get(Node, joining.wanted.node_id, with_for_update=True)
    for known in [*([of_this_id] if of_this_id else []), *db.exec(same_key)]:
        if (why := renewal_refused(_known(known), joining.signing_key)) is not None:
            raise node_refused(why)
        if known.id != joining.wanted.node_id:
            raise node_refused(CertificateRefusal.OTHER_KEY)
    node = of_this_id or Node(
        id=joining.wanted.node_id,
        tenant_id=DEFAULT_TENANT_ID,
        region=token.region,
        signing_key=joining.signing_key,
        created_utc=now_utc,
    )
    node.region, node.name, node.joined_utc = token.region, token.name, now_utc
    db.add(node)
    db.flush()
    return node


def _known(node: Node) -> KnownNode:
    return KnownNode(signing_key=node.signing_key, revoked=node.revoked_utc is not None)
