"""Review acts in the API's form."""

from __future__ import annotations

from coordinator.reviews.reading_service import PastAct
from shared.api.incidents import ActOut


def act_out(past: PastAct) -> ActOut:
    """An act in the API's form."""
    row = past.row
    return ActOut(
        incident_id=str(row.incident_id),
        act=row.act.value,
        by=row.actor,
        role=row.role.value,
        at=row.at_utc,
        reason=None if row.reason is None else row.reason.value,
        text=past.text,
        state=row.state.value,
        findings=[str(one) for one in past.findings],
    )
