"""The receipt of an erasure: signed by the coordinator, and checked without any connection. Pure.

A receipt is a JSON object with what it says, the signing key's own name and the signature over the canonical
form of the rest. It names nobody: the person is known by the random internal id that the institution gave it.
"""

from __future__ import annotations

import base64
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, Field

from shared.canonical import canonical_json, parse_json
from shared.erasures import Cause
from shared.errors import Corrupt
from shared.fields import Utc
from shared.sealing import signing_public_text
from shared.tokens import Role

_CONTEXT: Final = b"proctor erasure receipt v1\x00"


class Part(BaseModel):
    """Base of a receipt's parts."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Kept(Part):
    """Something that stays, and why."""

    what: str
    why: str


class Receipt(Part):
    """What was erased of one person, when, by whom, and what stays."""

    receipt: Literal[1] = 1
    """The version of this form."""
    erasure_id: UUID
    number: Annotated[int, Field(ge=1)]
    """Its place in the installation's journal of erasures."""
    tenant_id: UUID
    candidate_uuid: UUID
    """The random internal id of the person, which now means nothing else."""
    cause: Cause
    decided_by: Role
    decided_at: Utc
    completed_at: Utc
    erased: dict[str, int]
    """How many of each kind."""
    recipients_told: int
    """Systems of the institution that get a `person.erased` message."""
    nodes_told: int
    """Running sessions that were ended on their nodes."""
    kept: list[Kept]


class SignedReceipt(Part):
    """A receipt with its signature."""

    body: Receipt
    signing_key: str
    """`ed25519:…` of the coordinator's signing key."""
    signature: str
    """In base64."""


def signed(receipt: Receipt, key: Ed25519PrivateKey) -> SignedReceipt:
    """A receipt, signed."""
    signature = base64.b64encode(key.sign(_signed_bytes(receipt.model_dump(mode="json")))).decode("ascii")
    return SignedReceipt(body=receipt, signing_key=signing_public_text(key.public_key()), signature=signature)


def read_receipt(data: bytes) -> SignedReceipt:
    """A receipt from its file, not checked yet. Raises `Corrupt`."""
    try:
        return SignedReceipt.model_validate_json(data)
    except ValueError as error:
        raise Corrupt("this is not a receipt of an erasure") from error


def is_genuine(data: bytes, key: Ed25519PublicKey) -> bool:
    """Whether a receipt's file is as this key signed it. Raises `Corrupt` if it is no receipt."""
    one = read_receipt(data)
    content: Any = parse_json(data)["body"]  # as it is written, so that no form of a change is overlooked
    try:
        key.verify(base64.b64decode(one.signature, validate=True), _signed_bytes(content))
    except (InvalidSignature, ValueError):
        return False
    return True


def _signed_bytes(content: Any) -> bytes:
    return _CONTEXT + canonical_json(content)
