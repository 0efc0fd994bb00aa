"""One-time join codes: 192 random bits in a URL's fragment, of which only the hash is stored. Pure."""

from __future__ import annotations

import hashlib


def code_hash(code: str) -> bytes:
    """What the database knows of a code. A code has too much randomness for a slow hash to add anything."""
    return hashlib.sha256(code.encode()).digest()


def join_url(public_url: str, code: str) -> str:
    """The candidate's link; the fragment is not sent to servers and does not stand in their logs."""
    return f"{public_url}/join#{code}"
