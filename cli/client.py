"""The coordinator's REST API for `proctorctl`: one method per call, domain errors out.

The token comes from the caller (a file or the environment, never the command line).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from shared.api import (
    AlertOut,
    AlertPage,
    EnrollRequest,
    EnrollResponse,
    NodeOut,
    SessionEndResponse,
    SessionStartRequest,
    SessionStartResponse,
    TicketResponse,
    TimelineOut,
)
from shared.errors import Corrupt, Rejected, Unavailable

TIMEOUT_S = 60.0
B = TypeVar("B", bound=BaseModel)
P = TypeVar("P")


class Client:
    """A connection to one coordinator; use it as a context manager."""

    def __init__(self, url: str, token: str, transport: httpx.BaseTransport | None = None) -> None:
        self._url = url
        self._http = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=TIMEOUT_S,
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def enroll(self, request: EnrollRequest) -> EnrollResponse:
        return self._call("POST", "/api/v1/enroll", EnrollResponse, body=request)

    def start_session(self, request: SessionStartRequest) -> SessionStartResponse:
        return self._call("POST", "/api/v1/session/start", SessionStartResponse, body=request)

    def end_session(self, session_id: str) -> SessionEndResponse:
        return self._call("POST", f"/api/v1/session/{session_id}/end", SessionEndResponse)

    def timeline(self, session_id: str) -> TimelineOut:
        return self._call("GET", f"/api/v1/session/{session_id}/timeline", TimelineOut)

    def socket_ticket(self, session_id: str) -> TicketResponse:
        return self._call("POST", f"/api/v1/session/{session_id}/ws-ticket", TicketResponse)

    def alerts(self, filters: Mapping[str, str]) -> list[AlertOut]:
        """Every alert the filters let through, page by page."""
        items: list[AlertOut] = []
        cursor: str | None = None
        while True:
            query = dict(filters) | ({"cursor": cursor} if cursor else {})
            page = self._call("GET", "/api/v1/alerts", AlertPage, query=query)
            items += page.items
            cursor = page.next_cursor
            if cursor is None:
                return items

    def nodes(self) -> list[NodeOut]:
        return _parsed(TypeAdapter(list[NodeOut]), self._send("GET", "/api/v1/nodes"))

    def _call(
        self,
        method: str,
        path: str,
        answer: type[B],
        *,
        body: BaseModel | None = None,
        query: Mapping[str, str] | None = None,
    ) -> B:
        return _parsed(TypeAdapter(answer), self._send(method, path, body=body, query=query))

    def _send(
        self,
        method: str,
        path: str,
        *,
        body: BaseModel | None = None,
        query: Mapping[str, str] | None = None,
    ) -> bytes:
        json = body.model_dump(mode="json", exclude_none=True) if body is not None else None
        try:
            response = self._http.request(method, path, json=json, params=query)
        except httpx.TransportError as error:
            raise Unavailable(f"the coordinator at {self._url} does not answer; is it running?") from error
        if response.is_success:
            return response.content
        raise _refusal(response)


def _refusal(response: httpx.Response) -> Rejected | Unavailable:
    """The domain error of a problem document (RFC 9457), or of whatever else came."""
    try:
        problem: dict[str, Any] = response.json()
        detail, code = str(problem["detail"]), str(problem["code"])
        detail += "".join(f"\n  {e.get('path')}: {e.get('message')}" for e in problem.get("errors", []))
    except (ValueError, KeyError, TypeError, AttributeError):
        detail, code = f"HTTP {response.status_code} {response.reason_phrase}", "http-error"
    if response.status_code in (502, 503, 504):
        return Unavailable(detail)
    return Rejected(detail, code=code, status=response.status_code)


def _parsed(adapter: TypeAdapter[P], content: bytes) -> P:
    try:
        return adapter.validate_json(content)
    except ValidationError as error:
        raise Corrupt("the coordinator's answer is not of the version this proctorctl speaks") from error
