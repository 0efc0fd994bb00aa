"""The part of the REST API about what is kept and for how long: one method per call."""

from __future__ import annotations

from cli.calls import Calls, path_of
from shared.api.holds import LegalHoldOut, LegalHoldPage, LegalHoldRequest


class KeepingCalls:
    """Calls about legal holds, over a client's connection."""

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
