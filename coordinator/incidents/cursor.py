"""The cursor of the review queue. Pure."""

from __future__ import annotations

from typing import Annotated, NamedTuple
from uuid import UUID

from pydantic import Field

from shared.fields import Utc


class QueueCursor(NamedTuple):
    """The last incident of a page, by the columns of the queue's order."""

    queue_place: Annotated[int, Field(ge=0, lt=2**31)]
    begins_utc: Utc
    incident_id: UUID
