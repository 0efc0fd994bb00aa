"""What a node asks when it joins or renews, and what it checks before it asks.

Both are parcels of `shared.sealing`, signed by the node's own key: who asks has it. The body of `join` is the
secret of the join token, sealed to the coordinator's joining key, so that nobody on the way can use it. That
key, and the one that signs commands, are confirmed by the CA whose fingerprint is in the token.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field

from shared.canonical import canonical_json
from shared.certificates import MAX_PEM_CHARS
from shared.fields import Name
from shared.messages.message import Message

AUTHORITY_CONTEXT: Final = b"proctor-edge authority v1\x00"
"""Of the CA's signature of `authority_keys`."""
Request = Annotated[str, Field(max_length=MAX_PEM_CHARS)]


class JoinHeader(Message):
    """Clear part of a node's request to join."""

    kind: Literal["join"] = "join"
    node_id: UUID
    signing_key: Name
    """`ed25519:…`; signs this message, and all the node's messages from then on."""
    certificate_request: Request
    """PEM."""
    hub_key: Name
    """The node's public key at the hub, `U…`."""


class RenewHeader(Message):
    """Clear part of a node's request for a new certificate; its body is empty."""

    kind: Literal["renew"] = "renew"
    node_id: UUID
    certificate_request: Request
    hub_key: Name


def authority_keys(signing_key: str, joining_key: str) -> bytes:
    """What the CA signs: the coordinator's keys that a node relies on."""
    return canonical_json({"signing_key": signing_key, "joining_key": joining_key})
