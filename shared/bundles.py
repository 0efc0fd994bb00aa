"""Joins an alert's message and its pictures to one message for the hub. Pure.

A bundle is

    b"PB1\\n" · for each part: its length (4 bytes, big endian) · the part

Its first part is the alert's message, then come the pictures' parcels. Each part is signed separately, so the
frame itself needs no signature. A message without pictures is sent without a frame.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from shared.errors import Corrupt
from shared.evidence import MAX_PICTURES
from shared.sealing import MAX_MESSAGE_BYTES

MAGIC: Final = b"PB1\n"
_LENGTH_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class Bundle:
    """The parts of one received message, not trusted yet."""

    message: bytes
    beside: tuple[bytes, ...] = ()


def framed(parts: Iterable[bytes]) -> bytes:
    """The parts in sequence, each after its length."""
    return b"".join(len(part).to_bytes(_LENGTH_BYTES, "big") + part for part in parts)


def bundled(message: bytes, beside: bytes | None) -> bytes:
    """A message and the `framed` parts beside it; only the message if there are none."""
    return MAGIC + framed([message]) + beside if beside else message


def unbundled(data: bytes) -> Bundle:
    """Split a bundle. Raises `Corrupt` for a wrong frame or too many parts."""
    if len(data) > MAX_MESSAGE_BYTES:
        raise Corrupt(f"a message of {len(data)} bytes exceeds {MAX_MESSAGE_BYTES}")
    if not data.startswith(MAGIC):
        return Bundle(data)
    parts = _parts(data)
    return Bundle(parts[0], tuple(parts[1:]))


def _parts(data: bytes) -> list[bytes]:
    parts: list[bytes] = []
    at = len(MAGIC)
    while at < len(data) and len(parts) <= MAX_PICTURES:
        begins = at + _LENGTH_BYTES
        at = begins + int.from_bytes(data[at:begins], "big")
        parts.append(data[begins:at])
    if at != len(data) or not parts:
        raise Corrupt("the message's parts do not match its length")
    return parts
