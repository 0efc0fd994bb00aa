"""The part of the client for sessions, and acts on them."""

from __future__ import annotations

from cli.calls import Calls, Query, path_of
from cli.whole_ids import WholeIds
from shared.api.sessions import (
    SessionEndResponse,
    SessionListed,
    SessionOut,
    SessionPage,
    SessionPolicyOut,
    SessionPolicyRequest,
    SessionStartRequest,
    SessionStartResponse,
)


class SessionCalls:
    """Calls about sessions, and acts on them, over a client's connection."""

    def __init__(self, calls: Calls, ids: WholeIds) -> None:
        self._calls = calls
        self._ids = ids

    def start(self, request: SessionStartRequest) -> SessionStartResponse:
        return self._calls.one("POST", path_of("session", "start"), SessionStartResponse, body=request)

    def end(self, session_id: str) -> SessionEndResponse:
        return self._ids.of_session("POST", session_id, ("end",), SessionEndResponse)

    def one(self, session_id: str) -> SessionOut:
        return self._ids.of_session("GET", session_id, (), SessionOut)

    def listed(self, filters: Query, most: int) -> list[SessionListed]:
        """Sessions that match the filters, worst first."""
        return self._calls.pages(path_of("sessions"), SessionPage, most, filters)

    def report(self, session_id: str, form: str) -> bytes:
        """`report`, `report.html`, `report.pdf` or `hearing-bundle` of a session, as received."""
        return self._calls.send("GET", path_of("session", self._ids.session(session_id), form))

    def change_policy(self, session_id: str, request: SessionPolicyRequest) -> SessionPolicyOut:
        return self._ids.of_session("PUT", session_id, ("policy",), SessionPolicyOut, request)
