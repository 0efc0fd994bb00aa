"""Requests and erasures in the API's form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from coordinator.privacy.tables import Erasure, ErasureRequest
from shared.api.privacy import ErasureOut, ErasureRequestOut
from shared.receipts import SignedReceipt


def requests_out(rows: Sequence[ErasureRequest], names: Mapping[UUID, str]) -> list[ErasureRequestOut]:
    """Requests in the API's form; `names` has those of candidates who are not erased."""
    return [
        ErasureRequestOut(
            request_id=str(row.id),
            candidate_id=names.get(row.candidate_id),
            asked_at=row.asked_utc,
            state=row.state.value,
            decided_at=row.decided_utc,
            refusal=row.refusal,
        )
        for row in rows
    ]


def erasure_out(row: Erasure) -> ErasureOut:
    """An erasure in the API's form."""
    return ErasureOut(
        status="erasing" if row.completed_utc is None else "erased",
        erasure_id=str(row.id),
        receipt=None if row.receipt is None else SignedReceipt.model_validate(row.receipt),
    )
