"""The codes of join links: 192 random bits in a URL's fragment; only the hash is stored. Pure."""

from __future__ import annotations

import hashlib


def code_hash(code: str) -> bytes:
    """The stored hash of a code. Codes are so random that a slow hash is not needed."""
    return hashlib.sha256(code.encode()).digest()


def join_url(public_url: str, code: str) -> str:
    """The candidate's link; the fragment is not sent to servers and is not in their logs."""
    return f"{public_url}/join#{code}"
