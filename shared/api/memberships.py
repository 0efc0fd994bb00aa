"""Bodies of the REST API for nodes that join, and their certificates."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from shared.api.bodies import Request, Response
from shared.fields import Name, Utc


class JoinTokenRequest(Request):
    region: Name
    """The region of the node that will join."""
    name: Name | None = None
    """What people call the node."""


class JoinTokenOut(Response):
    token: str
    """Shown once; it is not stored. One node may join with it, once."""
    region: str
    name: str | None
    expires_at: Utc


class AuthorityOut(Response):
    """Whom a node joins."""

    ca_certificate: str
    """PEM. A join token has the fingerprint of its key."""
    signing_key: str
    """`ed25519:…`; signs all commands."""
    joining_key: str
    """`x25519:…`; the secret of a join token is sealed to it."""
    signature: str
    """The CA's signature of both keys, base64."""


class MembershipRequest(Request):
    message: Annotated[str, Field(min_length=4, max_length=16_384, pattern=r"^[A-Za-z0-9+/]+={0,2}$")]
    """The message that `proctor-edge` signs, base64."""


class HandoverOut(Response):
    """A CA that followed another one."""

    ca_certificate: str
    """PEM."""
    signature: str
    """Of the CA before it, base64."""


class MembershipOut(Response):
    """What a node is given for 24 hours."""

    node_id: str
    region: str
    name: str | None
    certificate: str
    """PEM, signed by the CA."""
    hub_jwt: str
    """Lets the node's key in at the hub, with a node's permissions."""
    hub_url: str
    hub_login: Literal["password", "identity"]
    """Whether the hub has users with passwords, or takes `hub_jwt`."""
    begins_at: Utc
    ends_at: Utc
    authorities: str = ""
    """The CAs that are accepted, PEM; empty: as before."""
    handovers: list[HandoverOut] = []
    """How they followed one another, so that a node that knows an earlier one can follow."""


class NodeCertificateOut(Response):
    serial: str
    """Hexadecimal."""
    node_id: str
    region: str
    name: str | None
    begins_at: Utc
    ends_at: Utc
    revoked_at: Utc | None
    """When its node was revoked."""
    revoked_by: str | None


class NodeCertificatePage(Response):
    items: list[NodeCertificateOut]
    next_cursor: str | None
