"""Memberships over REST: operators make join tokens, list certificates and revoke; nodes join and renew."""

from __future__ import annotations

import secrets
from typing import Annotated
from uuid import UUID

from cryptography.x509 import random_serial_number
from fastapi import APIRouter, Path, Query, Request, Response
from sqlmodel import Session

from coordinator.idempotency.asked import AskedOnce
from coordinator.idempotency.doing import once
from coordinator.memberships import accepting, service as memberships
from coordinator.memberships.answers import authority_out, certificate_out, membership_out
from coordinator.memberships.asking import Wanted, read_join, read_renewal
from coordinator.memberships.given_identity import GivenIdentity, give_identity
from coordinator.memberships.service import NewJoinToken
from coordinator.web_api.cursors import PageParams, write_cursor
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import Now, Parts, PartsDep
from coordinator.web_api.rates import check_rate, too_many_requests
from coordinator.web_api.security import Operator
from shared.api.memberships import (
    AuthorityOut,
    JoinTokenOut,
    JoinTokenRequest,
    MembershipOut,
    MembershipRequest,
    NodeCertificatePage,
)
from shared.errors import Rejected
from shared.join_tokens import SECRET_BYTES, JoinToken
from shared.node_lifetimes import TOKEN_LIFETIME

router = APIRouter(prefix="/nodes", tags=["nodes"])

NodeRef = Annotated[UUID, Path(description="The node's id.")]


@router.post("/tokens", status_code=201, responses=problems(401, 403, 409))
async def create_join_token(
    body: JoinTokenRequest, claims: Operator, asked: AskedOnce, parts: PartsDep, now: Now
) -> JoinTokenOut:
    """Create a token with which one node may join, once, within 15 minutes.

    It also tells the node whom it joins: it contains the fingerprint of this coordinator's CA.
    """
    check_rate(parts.rates.token, claims.bearer, parts.clock())

    def work(db: Session) -> JoinTokenOut:
        token = JoinToken(secrets.token_bytes(SECRET_BYTES), parts.keys.fleet.fingerprint)
        wanted = NewJoinToken(
            secret_hash=token.hashed, region=body.region, name=body.name, made_by=claims.subject, now_utc=now
        )
        row = memberships.make_token(db, wanted)
        return JoinTokenOut(
            token=token.text, region=row.region, name=row.name, expires_at=now + TOKEN_LIFETIME
        )

    return await once(parts, asked, JoinTokenOut, work)


@router.get("/certificates", responses=problems(401, 403))
async def list_node_certificates(
    params: Annotated[PageParams, Query()], claims: Operator, parts: PartsDep
) -> NodeCertificatePage:
    """Nodes' certificates, soonest to end first; those that ended are listed for 30 more days."""
    rows, following = await parts.reading(lambda db: memberships.page(db, params.after, params.limit))
    items = [certificate_out(certificate, node) for certificate, node in rows]
    return NodeCertificatePage(items=items, next_cursor=write_cursor(following))


@router.post("/{node_id}/revoke", status_code=204, responses=problems(401, 403, 404))
async def revoke_node(node_id: NodeRef, claims: Operator, parts: PartsDep, now: Now) -> Response:
    """Revoke a node, also one that only the configuration names: from now on none of its messages is
    accepted and it gets no new session, certificate or command, at other replicas within five seconds. It
    never comes back; the same machine may join as a new node."""
    await parts.writing(lambda db: memberships.revoke(db, node_id, claims.subject, now))
    await accepting.refresh(parts)
    return Response(status_code=204)


@router.get("/authority", responses=problems())
async def get_authority(parts: PartsDep) -> AuthorityOut:
    """Whom a node joins here. It compares the fingerprint with its token's before it sends anything."""
    return authority_out(parts.keys)


@router.post("/join", responses=problems(400, 403, 404, 429))
async def join_fleet(body: MembershipRequest, request: Request, parts: PartsDep, now: Now) -> MembershipOut:
    """Join with a token, which is then used up. The node signs the message with its own key and seals the
    token's secret in it. A node may join again with another token as long as it has its key."""
    joining = read_join(body.message, parts.keys.fleet.joining)
    token = JoinToken(joining.secret, parts.keys.fleet.fingerprint)

    def work(db: Session) -> MembershipOut:
        node = memberships.join(db, token.hashed, joining, now)
        given = _given(parts, joining.wanted, now)
        memberships.record(db, node, given, now)
        return membership_out(node, given, parts.config.nats, parts.keys.fleet.authority)

    failures, address = parts.rates.node_joins_failed, request.client.host if request.client else ""
    if (wait_s := failures.spent(address, parts.clock())) > 0.0:
        raise too_many_requests(wait_s)
    try:
        made = await parts.writing(work)
    except Rejected:
        failures.wait_s(address, parts.clock())
        raise
    await accepting.refresh(parts)
    return made


@router.post("/renew", responses=problems(400, 403, 404, 429))
async def renew_certificate(body: MembershipRequest, parts: PartsDep, now: Now) -> MembershipOut:
    """Get the next certificate. The node signs the message with its own key; whether its last certificate has
    expired does not matter. A revoked node is refused."""
    asked = read_renewal(body.message)
    await parts.reading(lambda db: memberships.renewing(db, asked, now))
    check_rate(parts.rates.node_renewal, str(asked.wanted.node_id), parts.clock())

    def work(db: Session) -> MembershipOut:
        node = memberships.renewing(db, asked, now, to_record=True)
        given = _given(parts, asked.wanted, now)
        memberships.record(db, node, given, now)
        return membership_out(node, given, parts.config.nats, parts.keys.fleet.authority)

    return await parts.writing(work)


def _given(parts: Parts, wanted: Wanted, now: Now) -> GivenIdentity:
    keys = parts.keys.fleet
    return give_identity(keys.ca, keys.account, wanted, serial=random_serial_number(), now_utc=now)
