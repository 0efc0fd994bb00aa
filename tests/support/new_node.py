"""A machine that has not joined yet: its keys, and what it asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.membership.asking import Authority, MemberKeys, join_request, renew_request
from shared.join_tokens import JoinToken
from shared.sealing import signing_public_text


def new_keys() -> MemberKeys:
    return MemberKeys(generate_private_key(SECP256R1()), Ed25519PrivateKey.generate())


@dataclass
class NewNode:
    """A machine that has not joined yet."""

    node_id: UUID = field(default_factory=uuid4)
    signing: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    keys: MemberKeys = field(default_factory=new_keys)

    @property
    def signing_text(self) -> str:
        return signing_public_text(self.signing.public_key())

    def join(self, token: JoinToken, authority: Authority) -> dict[str, str]:
        """The body of its request to join."""
        body = join_request(self.node_id, self.signing, self.keys, token, authority)
        return body.model_dump()

    def renew(self) -> dict[str, str]:
        """The body of its request for a new certificate."""
        return renew_request(self.node_id, self.signing, self.keys).model_dump()
