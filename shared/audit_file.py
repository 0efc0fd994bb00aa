"""Writes an audit log as a file, and reads the lines of such a file. Pure.

One JSON object per line. The first names the institution and where the file begins; entries and checkpoints
follow in the order of their numbers:

    {"audit_log": 1, "tenant": "…", "after": 0, "chain": "00…", "signing_key": "ed25519:…"}
    {"number": 1, "entry": {…}, "leaf": "…", "chain": "…"}
    {"checkpoint": {"number": 1, "chain": "…", "at": "…", "signature": "…"}}

`shared.audit_check` checks such files.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from shared.audit_chain import BEGINNING, Checkpoint
from shared.canonical import canonical_json, parse_json
from shared.errors import Corrupt
from shared.fields import Utc, format_utc
from shared.successions import Succession

VERSION: Final = 1
NO_LINE: Final = (Corrupt, AttributeError, KeyError, TypeError, ValueError, ValidationError)
"""What is raised for a line that is none of an audit log."""
_INSTANT: Final = TypeAdapter[datetime](Utc)


@dataclass(frozen=True, slots=True)
class Link:
    """One entry of the log with its place in the chain."""

    number: int
    entry: dict[str, Any]
    leaf: bytes
    chain: bytes

    def line(self) -> str:
        """Its line of a file."""
        return _line(
            {"number": self.number, "entry": self.entry, "leaf": self.leaf.hex(), "chain": self.chain.hex()}
        )


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint and its signature in base64."""

    checkpoint: Checkpoint
    signature: str

    def line(self) -> str:
        """Its line of a file."""
        one = self.checkpoint
        return _line(
            {
                "checkpoint": {
                    "number": one.number,
                    "chain": one.chain.hex(),
                    "at": format_utc(one.at_utc),
                    "signature": self.signature,
                }
            }
        )


def first_line(
    tenant_id: UUID,
    begins_after: int,
    chain: bytes,
    signing_key: str,
    successions: Sequence[Succession] = (),
) -> str:
    """The first line of a file that begins after this number, whose chain value is given; `successions`: the
    signing keys of its checkpoints, which key follows which."""
    line = {
        "audit_log": VERSION,
        "tenant": str(tenant_id),
        "after": begins_after,
        "chain": chain.hex(),
        "signing_key": signing_key,
    }
    said = {"successions": [one.model_dump(mode="json") for one in successions]} if successions else {}
    return _line(line | said)


def signing_key_of(lines: Iterable[bytes]) -> str | None:
    """The key that a file names as its signer; None if the file is not an audit log."""
    for line in lines:
        try:
            return str(as_object(parse_json(line))["signing_key"])
        except (Corrupt, KeyError):
            return None
    return None


def successions_of(lines: Iterable[bytes]) -> tuple[Succession, ...]:
    """Which signing key follows which by the first line of a file; none if the file is not an audit log."""
    for line in lines:
        try:
            said = as_object(parse_json(line)).get("successions", ())
            return tuple(Succession.model_validate(one) for one in said)
        except NO_LINE:
            return ()
    return ()


def checkpoints_of(lines: Iterable[bytes]) -> tuple[Signed, ...]:
    """A file's checkpoints, with valid signatures or not; other lines are skipped."""
    tenant_id: UUID | None = None
    found = []
    for line in lines:
        try:
            value = as_object(parse_json(line))
            if "audit_log" in value:
                tenant_id = UUID(value["tenant"])
            elif "checkpoint" in value and tenant_id is not None:
                found.append(signed_of(tenant_id, value["checkpoint"]))
        except NO_LINE:
            continue
    return tuple(found)


def signed_of(tenant_id: UUID, line: dict[str, Any]) -> Signed:
    """The checkpoint in a line. Raises one of `NO_LINE`."""
    at_utc = _INSTANT.validate_python(line["at"])
    made = Checkpoint(tenant_id, number_of(line["number"]), hash_of(line["chain"]), at_utc)
    return Signed(made, str(line["signature"]))


def _line(value: dict[str, Any]) -> str:
    return canonical_json(value).decode() + "\n"


def as_object(value: Any) -> dict[str, Any]:
    """What must be an object. Raises `Corrupt`."""
    if not isinstance(value, dict):
        raise Corrupt("not an object")
    return value


def number_of(value: Any) -> int:
    """The number of an entry. Raises `Corrupt`."""
    if type(value) is not int or value < 0:
        raise Corrupt("not a number of an entry")
    return value


def hash_of(value: Any) -> bytes:
    """A hash in hexadecimal digits. Raises `Corrupt` and ValueError."""
    digest = bytes.fromhex(value)
    if len(digest) != len(BEGINNING):
        raise Corrupt("not a hash")
    return digest
