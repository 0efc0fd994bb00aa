"""The part of the client for exams, their policies and what is agreed with candidates."""

from __future__ import annotations

from cli.calls import Calls, path_of
from shared.api.exams import (
    AccommodationOut,
    AccommodationPage,
    AccommodationRequest,
    ExamChange,
    ExamOut,
    ExamPage,
    ExamRequest,
    PolicyDiff,
    PolicyOut,
    PolicyPage,
    PolicyRequest,
    PolicySummary,
)


class ExamCalls:
    """Calls about exams, their policies and what is agreed with candidates, over a client's connection."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def listed(self, most: int) -> list[ExamOut]:
        """The newest exams."""
        return self._calls.pages(path_of("exams"), ExamPage, most)

    def one(self, exam_id: str) -> ExamOut:
        return self._calls.one("GET", path_of("exams", exam_id), ExamOut)

    def create(self, request: ExamRequest) -> ExamOut:
        return self._calls.one("POST", path_of("exams"), ExamOut, body=request)

    def change(self, exam_id: str, change: ExamChange) -> ExamOut:
        return self._calls.one("PUT", path_of("exams", exam_id), ExamOut, body=change)

    def policy(self, exam_id: str, version: int | None) -> PolicyOut:
        """One version of an exam's policy, or the one in force."""
        place = ("policy",) if version is None else ("policies", str(version))
        return self._calls.one("GET", path_of("exams", exam_id, *place), PolicyOut)

    def add_policy(self, exam_id: str, request: PolicyRequest) -> PolicyOut:
        return self._calls.one("POST", path_of("exams", exam_id, "policies"), PolicyOut, body=request)

    def policy_versions(self, exam_id: str, most: int) -> list[PolicySummary]:
        """The newest versions."""
        return self._calls.pages(path_of("exams", exam_id, "policies"), PolicyPage, most)

    def policy_diff(self, exam_id: str, before: int, after: int) -> PolicyDiff:
        query = {"before": str(before), "after": str(after)}
        return self._calls.one("GET", path_of("exams", exam_id, "policy-diff"), PolicyDiff, query=query)

    def accommodations(self, exam_id: str, most: int) -> list[AccommodationOut]:
        return self._calls.pages(path_of("exams", exam_id, "accommodations"), AccommodationPage, most)

    def accommodation(self, exam_id: str, candidate_id: str) -> AccommodationOut:
        return self._calls.one(
            "GET", path_of("exams", exam_id, "accommodations", candidate_id), AccommodationOut
        )

    def agree(self, exam_id: str, candidate_id: str, request: AccommodationRequest) -> AccommodationOut:
        path = path_of("exams", exam_id, "accommodations", candidate_id)
        return self._calls.one("PUT", path, AccommodationOut, body=request)

    def withdraw_accommodation(self, exam_id: str, candidate_id: str) -> None:
        self._calls.send("DELETE", path_of("exams", exam_id, "accommodations", candidate_id))
