"""An institution's rules of acknowledgement in the API's form."""

from __future__ import annotations

from datetime import datetime

from coordinator.tenants.tables import Tenant
from shared.api.tenants import AcknowledgementRuleOut
from shared.consents import OF_SESSIONS, Purpose


def rules_out(row: Tenant) -> list[AcknowledgementRuleOut]:
    """For each purpose of a session, whether candidates must acknowledge it, or on which basis they need
    not."""
    return [_rule(purpose, row.other_bases.get(purpose)) for purpose in OF_SESSIONS]


def _rule(purpose: Purpose, other: dict[str, str] | None) -> AcknowledgementRuleOut:
    return AcknowledgementRuleOut(
        purpose=purpose,
        required=other is None,
        basis=other["basis"] if other else None,
        recorded_by=other["by"] if other else None,
        recorded_at=datetime.fromisoformat(other["at"]) if other else None,
    )
