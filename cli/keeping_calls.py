"""The part of the REST API about what is kept and for how long: one method per call."""

from __future__ import annotations

from cli.calls import Calls, path_of
from shared.api.holds import LegalHoldOut, LegalHoldPage, LegalHoldRequest
from shared.api.retention import (
    RetentionPlanOut,
    RetentionReportOut,
    RetentionRunOut,
    RetentionRunRequest,
)


class KeepingCalls:
    """Calls about legal holds and retention, over a client's connection."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def place_hold(self, request: LegalHoldRequest) -> LegalHoldOut:
        return self._calls.one("POST", path_of("legal-holds"), LegalHoldOut, body=request)

    def holds(self, candidate_id: str, *, ended: bool, most: int) -> list[LegalHoldOut]:
        """Legal holds, oldest first."""
        filters = {"candidate_id": candidate_id} if candidate_id else {}
        if ended:
            filters["ended"] = "true"
        return self._calls.pages(path_of("legal-holds"), LegalHoldPage, most, filters)

    def release_hold(self, hold_id: str) -> LegalHoldOut:
        return self._calls.one("POST", path_of("legal-holds", hold_id, "release"), LegalHoldOut)

    def retention_plan(self, at: str, items: int) -> RetentionPlanOut:
        """What is due at an instant; empty: now."""
        query = {"limit": str(items)} | ({"at": at} if at else {})
        return self._calls.one("GET", path_of("retention", "plan"), RetentionPlanOut, query=query)

    def run_retention(self, request: RetentionRunRequest) -> RetentionRunOut:
        return self._calls.one("POST", path_of("retention", "run"), RetentionRunOut, body=request)

    def retention_report(self, since: str) -> RetentionReportOut:
        query = {"since": since} if since else {}
        return self._calls.one("GET", path_of("retention", "report"), RetentionReportOut, query=query)
