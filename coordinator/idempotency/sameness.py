"""Decides which requests are equal. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.tokens import Claims


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that may be repeated."""

    tenant_id: UUID
    request_hash: bytes
    body_hash: bytes
    now_utc: datetime


def request_hash(claims: Claims, path: str, key: str) -> bytes:
    """One hash per bearer, path and key. The parts stay separate: none contains NUL."""
    parts = (str(claims.tenant_id), claims.role, claims.subject, path, key)
    return hashlib.sha256("\0".join(parts).encode()).digest()
