"""The part of the client for incidents, their review, and proctors' acts on a session."""

from __future__ import annotations

from pydantic import BaseModel

from cli.calls import Calls, Query, path_of
from cli.whole_ids import WholeIds
from shared.api.incidents import (
    IncidentDetail,
    IncidentOut,
    IncidentPage,
    InterventionOut,
    RescoreOut,
    RescoreRequest,
    RulePrecision,
)


class IncidentCalls:
    """Calls about incidents, their review, and proctors' acts on a session, over a client's connection."""

    def __init__(self, calls: Calls, ids: WholeIds) -> None:
        self._calls = calls
        self._ids = ids

    def listed(self, filters: Query, most: int) -> list[IncidentOut]:
        """The first incidents of the review queue that match the filters."""
        return self._calls.pages(path_of("incidents"), IncidentPage, most, filters)

    def one(self, incident_id: str) -> IncidentDetail:
        return self._calls.one("GET", path_of("incidents", self._ids.incident(incident_id)), IncidentDetail)

    def review(self, incident_id: str, act: str, body: BaseModel | None = None) -> IncidentOut:
        """Act on an incident: `claim`, `release`, `comment`, `confirm`, `dismiss`, `reopen`,
        `appeal/decide`."""
        path = path_of("incidents", self._ids.incident(incident_id), *act.split("/"))
        return self._calls.one("POST", path, IncidentOut, body=body)

    def precision(self, exam_id: str | None) -> list[RulePrecision]:
        query = {"exam_id": exam_id} if exam_id else None
        return self._calls.rows(path_of("incidents", "precision"), RulePrecision, query)

    def intervene(self, session_id: str, act: str, body: BaseModel) -> InterventionOut:
        """Act on a running session: `message`, `pause`, `resume`, `extra-time`, `flag`,
        `terminate`."""
        return self._ids.of_session("POST", session_id, (act,), InterventionOut, body)

    def rescore(self, session_id: str, request: RescoreRequest) -> RescoreOut:
        return self._ids.of_session("POST", session_id, ("rescore",), RescoreOut, request)
