"""Destinations in the API's form."""

from __future__ import annotations

from datetime import datetime

from coordinator.destinations.service import FoundDestination
from coordinator.destinations.tables import DeliveryState
from shared.api.destinations import DestinationFilter, DestinationOut


def destination_out(found: FoundDestination, now_utc: datetime) -> DestinationOut:
    """A destination in the API's form."""
    row = found.row
    waiting, dead = found.heaps.get(DeliveryState.WAITING), found.heaps.get(DeliveryState.DEAD)
    shut = row.open_until_utc is not None and row.open_until_utc > now_utc
    return DestinationOut(
        destination_id=str(row.id),
        kind=row.kind,
        name=row.name,
        url=row.url,
        filter=DestinationFilter.model_validate(row.wanted),
        created_at=row.created_utc,
        created_by=row.created_by,
        paused_at=row.paused_utc,
        paused_by=row.paused_by,
        failures=row.failures,
        last_error=row.last_error,
        next_try_at=row.open_until_utc if shut else None,
        waiting=waiting.count if waiting else 0,
        oldest_waiting_at=waiting.oldest_utc if waiting else None,
        dead_letters=dead.count if dead else 0,
        former_secret_until=found.former_until_utc,
    )
