"""The part of the client for alerts and timelines."""

from __future__ import annotations

from cli.calls import Calls, Query, path_of
from cli.whole_ids import WholeIds
from shared.api.alerts import AlertOut, AlertPage, TimelineOut


class AlertCalls:
    """Calls about alerts and timelines, over a client's connection."""

    def __init__(self, calls: Calls, ids: WholeIds) -> None:
        self._calls = calls
        self._ids = ids

    def listed(self, filters: Query, most: int | None = None) -> list[AlertOut]:
        """Alerts that match the filters, oldest first, up to `limit`."""
        return self._calls.pages(path_of("alerts"), AlertPage, most, filters)

    def timeline(self, session_id: str) -> TimelineOut:
        return self._ids.of_session("GET", session_id, ("timeline",), TimelineOut)
