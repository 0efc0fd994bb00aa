"""Recognises a name that a candidate or a session had before it was corrected, and gives alerts the present
one. Pure.

Alerts that a node wrote before the correction still have the former name. Only a hash of it is kept, bound
to the random id of who had it: the wrong name stands nowhere any more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from uuid import UUID

from shared.alerts import Alert


def former_hash(owner_id: UUID, reference: str) -> bytes:
    """What is kept of a former name; `owner_id`: the candidate or session that had it."""
    return hashlib.sha256(owner_id.bytes + reference.encode()).digest()


def under_names(alert: Alert, exam_session_id: str, candidate_id: str) -> Alert:
    """An alert under these present names of its session and candidate; itself if it has them already."""
    if (alert.exam_session_id, alert.candidate_id) == (exam_session_id, candidate_id):
        return alert
    return alert.model_copy(update={"exam_session_id": exam_session_id, "candidate_id": candidate_id})


def was_named(owner_id: UUID, reference: str, former: Collection[bytes]) -> bool:
    """Whether a candidate or session had this name before; `former`: the hashes that are kept."""
    return former_hash(owner_id, reference) in former
