"""The part of the client for enrollments."""

from __future__ import annotations

from cli.calls import Calls, Query, path_of
from shared.api.enrollments import (
    EnrolledPage,
    EnrollmentDecision,
    EnrollmentListed,
    EnrollRequest,
    EnrollResponse,
    PendingEnrollmentOut,
    PendingEnrollmentPage,
)


class EnrollmentCalls:
    """Calls about enrollments, over a client's connection."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def add(self, request: EnrollRequest) -> EnrollResponse:
        return self._calls.one("POST", path_of("enroll"), EnrollResponse, body=request)

    def one(self, candidate_id: str) -> EnrollResponse:
        """The enrollment in force."""
        return self._calls.one("GET", path_of("enrollments", candidate_id), EnrollResponse)

    def listed(self, filters: Query, most: int) -> list[EnrollmentListed]:
        """The enrollment in force of each candidate, oldest first."""
        return self._calls.pages(path_of("enrollments"), EnrolledPage, most, filters)

    def pending(self, most: int) -> list[PendingEnrollmentOut]:
        """Enrollments that wait for an administrator, the longest wait first."""
        return self._calls.pages(path_of("pending-enrollments"), PendingEnrollmentPage, most)

    def decide(self, enrollment_id: str, decision: EnrollmentDecision) -> PendingEnrollmentOut:
        path = path_of("pending-enrollments", enrollment_id, "decide")
        return self._calls.one("POST", path, PendingEnrollmentOut, body=decision)

    def erase(self, candidate_id: str) -> None:
        self._calls.send("DELETE", path_of("enrollments", candidate_id))
