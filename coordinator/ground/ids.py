"""Row ids that sort by time: UUID version 7 (RFC 9562, section 5.7); and their beginnings."""

from __future__ import annotations

import secrets
import time
from typing import Final
from uuid import UUID

NO_IDS: Final = (UUID(int=1), UUID(int=0))
"""Bounds between which no id lies."""
_RANDOM_BITS = 74
_FRACTION_BITS = 12
"""Bits of the 74 for a fraction of the millisecond (RFC 9562, section 6.2, method 3), so that the ids of one
process sort in the order of their creation."""


def beginning(text: str) -> tuple[UUID, UUID] | None:
    """The first and the last id that is written so at its beginning; None if none is."""
    digits = text.replace("-", "")
    if not digits or len(digits) > 32 or not set(digits) <= set("0123456789abcdef"):
        return None
    first = UUID(digits.ljust(32, "0"))
    return (first, UUID(digits.ljust(32, "f"))) if str(first).startswith(text) else None


def uuid7() -> UUID:
    """A new id with the present time."""
    unix_ms, rest_ns = divmod(time.time_ns(), 1_000_000)
    fraction = (rest_ns << _FRACTION_BITS) // 1_000_000
    random_bits = secrets.randbits(_RANDOM_BITS - _FRACTION_BITS)
    return uuid7_of(unix_ms, fraction << (_RANDOM_BITS - _FRACTION_BITS) | random_bits)


def uuid7_of(unix_ms: int, random_bits: int) -> UUID:
    """The id for a Unix time in milliseconds (48 bits) and 74 random bits.

    Raises `ValueError` if one of them does not fit.
    """
    if not 0 <= unix_ms < 1 << 48 or not 0 <= random_bits < 1 << _RANDOM_BITS:
        raise ValueError("the time or the randomness does not fit a UUIDv7")
    upper, lower = random_bits >> 62, random_bits & ((1 << 62) - 1)
    return UUID(int=unix_ms << 80 | 0x7 << 76 | upper << 64 | 0b10 << 62 | lower)
