"""Recognises a name that a candidate or a session had before it was corrected. Pure.

Alerts that a node wrote before the correction still have the former name. Only a hash of it is kept, bound
to the random id of who had it: the wrong name stands nowhere any more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from uuid import UUID


def former_hash(owner_id: UUID, reference: str) -> bytes:
    """What is kept of a former name; `owner_id`: the candidate or session that had it."""
    return hashlib.sha256(owner_id.bytes + reference.encode()).digest()


def was_named(owner_id: UUID, reference: str, former: Collection[bytes]) -> bool:
    """Whether a candidate or session had this name before; `former`: the hashes that are kept."""
    return former_hash(owner_id, reference) in former
