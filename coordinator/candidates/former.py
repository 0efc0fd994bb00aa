"""Recognises a name that a candidate had before it was corrected. Pure.

Alerts that its node wrote before the correction still have the former name. Only a hash of it is kept, bound
to the person: the wrong name stands nowhere any more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from uuid import UUID


def former_hash(candidate_id: UUID, reference: str) -> bytes:
    """What is kept of a person's former name."""
    return hashlib.sha256(candidate_id.bytes + reference.encode()).digest()


def was_named(candidate_id: UUID, reference: str, former: Collection[bytes]) -> bool:
    """Whether a person had this name before; `former`: the hashes that are kept."""
    return former_hash(candidate_id, reference) in former
