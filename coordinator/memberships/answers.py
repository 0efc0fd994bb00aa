"""Memberships in the API's form."""

from __future__ import annotations

import base64

from coordinator.config import NatsSection
from coordinator.ground.ca_files import Authority
from coordinator.ground.own_keys import OwnKeys
from coordinator.memberships.given_identity import GivenIdentity
from coordinator.memberships.tables import NodeCertificate
from coordinator.nodes.tables import Node
from shared.api.memberships import AuthorityOut, HandoverOut, MembershipOut, NodeCertificateOut
from shared.authorities import authorities_text
from shared.certificates import certificate_text, sign_as_ca
from shared.messages.joining import AUTHORITY_CONTEXT, authority_keys
from shared.sealing import sealing_public_text


def authority_out(keys: OwnKeys) -> AuthorityOut:
    """Whom nodes join, confirmed by the CA."""
    joining = sealing_public_text(keys.fleet.joining.public_key())
    said = sign_as_ca(keys.fleet.ca, AUTHORITY_CONTEXT, authority_keys(keys.signing_text, joining))
    return AuthorityOut(
        ca_certificate=certificate_text(keys.fleet.certificate),
        signing_key=keys.signing_text,
        joining_key=joining,
        signature=base64.b64encode(said).decode("ascii"),
    )


def membership_out(node: Node, given: GivenIdentity, hub: NatsSection, authority: Authority) -> MembershipOut:
    """What a node is given."""
    return MembershipOut(
        node_id=str(node.id),
        region=node.region,
        name=node.name,
        certificate=given.certificate,
        hub_jwt=given.hub_jwt,
        hub_url=hub.url_of_nodes,
        hub_login=hub.login,
        begins_at=given.lifetime.begins_utc,
        ends_at=given.lifetime.ends_utc,
        authorities=authorities_text(authority.accepted),
        handovers=[
            HandoverOut(
                ca_certificate=certificate_text(one.successor),
                signature=base64.b64encode(one.signature).decode("ascii"),
            )
            for one in authority.handovers
        ],
    )


def certificate_out(row: NodeCertificate, node: Node) -> NodeCertificateOut:
    """One certificate."""
    return NodeCertificateOut(
        serial=row.serial,
        node_id=str(node.id),
        region=node.region,
        name=node.name,
        begins_at=row.begins_utc,
        ends_at=row.ends_utc,
        revoked_at=node.revoked_utc,
        revoked_by=node.revoked_by,
    )
