"""Alerts in the API's form. Pure."""

from __future__ import annotations

from coordinator.alerts.stored import Stored
from shared.api.alerts import AlertOut


def alert_out(stored: Stored) -> AlertOut:
    """A stored alert in the API's form."""
    kept_back = {"schema_version", "metadata", "event_id", "sealed_excerpt", "evidence_pictures"}
    fields = stored.alert.model_dump(exclude=kept_back)
    return AlertOut(
        **fields,
        event_id=str(stored.alert.event_id),
        evidence_thumbnail=stored.shown.thumbnail,
        metadata=stored.alert.metadata.model_dump(mode="json"),
        received_at=stored.received_utc,
    )
