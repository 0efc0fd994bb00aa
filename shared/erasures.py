"""The journal of erasures: who was erased, by random internal ids alone, chained and signed. Pure.

    chain = SHA-256(context · chain before · entry)      entry: canonical JSON; 32 zero bytes before the first

One JSON object per line. A database that was restored from a copy replays the journal before it serves, so a
copy brings nobody back. The ids mean nothing to anybody who has no database with that person in it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import TypeAdapter, ValidationError

from shared.canonical import canonical_json, parse_json
from shared.errors import Corrupt
from shared.fields import Utc, format_utc
from shared.tokens import Role

BEGINNING: Final = bytes(32)
"""The chain value before the first erasure."""
_CONTEXT: Final = b"proctor erasure v1\x00"
_INSTANT: Final = TypeAdapter[datetime](Utc)


class Cause(StrEnum):
    """Why a person was erased."""

    OFFICER = "officer"
    """A data protection officer decided it."""
    REQUEST = "request"
    """The candidate asked for it, and an officer granted it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureEntry:
    """One erasure."""

    number: int
    """Counts up from 1 within the installation."""
    erasure_id: UUID
    tenant_id: UUID
    candidate_id: UUID
    session_ids: tuple[UUID, ...]
    decided_utc: datetime
    """In whole milliseconds, as it is hashed."""
    decided_by: Role
    cause: Cause

    @property
    def content(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "erasure": str(self.erasure_id),
            "tenant": str(self.tenant_id),
            "candidate": str(self.candidate_id),
            "sessions": [str(one) for one in self.session_ids],
            "decided": format_utc(self.decided_utc),
            "by": str(self.decided_by),
            "cause": str(self.cause),
        }


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """An erasure with its place in the chain and the coordinator's signature in base64."""

    entry: ErasureEntry
    chain: bytes
    signature: str

    def line(self) -> str:
        """Its line of a journal."""
        value = {"entry": self.entry.content, "chain": self.chain.hex(), "signature": self.signature}
        return canonical_json(value).decode() + "\n"


def entered(before: bytes, entry: ErasureEntry, key: Ed25519PrivateKey) -> JournalEntry:
    """An erasure that follows the chain value `before`, signed."""
    chain = _linked(before, entry)
    return JournalEntry(entry, chain, base64.b64encode(key.sign(_CONTEXT + chain)).decode("ascii"))


def read_journal(lines: Iterable[bytes], keys: Collection[Ed25519PublicKey]) -> list[JournalEntry]:
    """The entries of a journal, oldest first. Raises `Corrupt` at the first line that none of these keys has
    signed or that does not continue the chain. An incomplete last line is left out: its writing was
    interrupted, and it is written again."""
    found: list[JournalEntry] = []
    chain = BEGINNING
    for number, line in enumerate(lines, 1):
        if not line.endswith(b"\n"):
            break
        try:
            one = _entry(parse_json(line))
        except (Corrupt, KeyError, TypeError, ValueError, ValidationError) as error:
            raise Corrupt(f"line {number} is not a line of an erasure journal") from error
        if one.entry.number != number or _linked(chain, one.entry) != one.chain:
            raise Corrupt(f"line {number} does not continue the erasure journal")
        if not any(_is_signed(one, key) for key in keys):
            raise Corrupt(f"line {number} of the erasure journal is not signed by this coordinator")
        chain = one.chain
        found.append(one)
    return found


def _linked(before: bytes, entry: ErasureEntry) -> bytes:
    return hashlib.sha256(_CONTEXT + before + canonical_json(entry.content)).digest()


def _is_signed(one: JournalEntry, key: Ed25519PublicKey) -> bool:
    try:
        key.verify(base64.b64decode(one.signature, validate=True), _CONTEXT + one.chain)
    except (InvalidSignature, ValueError):
        return False
    return True


def _entry(line: Any) -> JournalEntry:
    value = line["entry"]
    entry = ErasureEntry(
        number=int(value["number"]),
        erasure_id=UUID(value["erasure"]),
        tenant_id=UUID(value["tenant"]),
        candidate_id=UUID(value["candidate"]),
        session_ids=tuple(UUID(one) for one in value["sessions"]),
        decided_utc=_INSTANT.validate_python(value["decided"]),
        decided_by=Role(value["by"]),
        cause=Cause(value["cause"]),
    )
    return JournalEntry(entry, bytes.fromhex(line["chain"]), str(line["signature"]))
