"""The token with which a node joins: a secret that is good once, and whom the node joins by it. Pure.

    pj1.<secret>.<SHA-256 of the CA's public key>      each in base32, small letters

The node compares the fingerprint with the certificate that it gets, so nobody in between can take it over.
The coordinator keeps only the secret's hash.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field
from typing import Final

from shared.errors import Rejected

SECRET_BYTES: Final = 20
_FORM: Final = re.compile(r"pj1\.([a-z2-7]{32})\.([a-z2-7]{52})")
_CONTEXT: Final = b"proctor join token v1\x00"


@dataclass(frozen=True, slots=True)
class JoinToken:
    """A token; `secret` is `SECRET_BYTES` random bytes."""

    secret: bytes = field(repr=False)
    ca_fingerprint: bytes
    """Of the coordinator's CA, as `fingerprint` makes it."""

    @property
    def text(self) -> str:
        """The text that an administrator takes to the node."""
        return f"pj1.{_based(self.secret)}.{_based(self.ca_fingerprint)}"

    @property
    def hashed(self) -> str:
        """The hash that the coordinator stores. Nobody can guess the secret, so the hash needs no salt."""
        return hashlib.sha256(_CONTEXT + self.secret).hexdigest()


def fingerprint(public_key: bytes) -> bytes:
    """The fingerprint of a CA by its public key (SubjectPublicKeyInfo, DER); a new certificate keeps it."""
    return hashlib.sha256(public_key).digest()


def parse_join_token(text: str) -> JoinToken:
    """Raises `Rejected` for anything else than a token's text."""
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise Rejected("this is not a join token", code="join-token")
    token = JoinToken(*(_unbased(part) for part in found.groups()))
    if token.text != text.strip():  # the last letters have bits that say nothing
        raise Rejected("this is not a join token", code="join-token")
    return token


def _based(data: bytes) -> str:
    return base64.b32encode(data).rstrip(b"=").decode().lower()


def _unbased(text: str) -> bytes:
    try:
        return base64.b32decode(text.upper() + "=" * (-len(text) % 8))
    except binascii.Error as error:
        raise Rejected("this is not a join token", code="join-token") from error
