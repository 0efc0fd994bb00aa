"""The coordinator's REST API for `proctorctl`: one method per call, domain errors out.

The token comes from the caller (a file or the environment, never the command line).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType, TracebackType
from typing import Any, Protocol, Self, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from shared.api import (
    AlertOut,
    AlertPage,
    EnrollRequest,
    EnrollResponse,
    SessionEndResponse,
    SessionOut,
    SessionStartRequest,
    SessionStartResponse,
    TicketResponse,
    TimelineOut,
)
from shared.errors import Corrupt, Rejected, Unavailable
from shared.exam_api import (
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
from shared.incident_api import (
    IncidentDetail,
    IncidentOut,
    IncidentPage,
    InterventionOut,
    RescoreOut,
    RescoreRequest,
    RulePrecision,
)
from shared.node_api import NodeOut
from shared.token_api import TokenKeyOut, TokenOut, TokenPage, TokenRequest, TokenResponse

TIMEOUT_S = 60.0
B = TypeVar("B", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
P = TypeVar("P")


class Page(Protocol[C]):
    """One page of a list."""

    @property
    def items(self) -> list[C]: ...

    @property
    def next_cursor(self) -> str | None: ...


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
        return self._call("POST", _path("session", session_id, "end"), SessionEndResponse)

    def timeline(self, session_id: str) -> TimelineOut:
        return self._call("GET", _path("session", session_id, "timeline"), TimelineOut)

    def socket_ticket(self, session_id: str) -> TicketResponse:
        return self._call("POST", f"/api/v1/session/{session_id}/ws-ticket", TicketResponse)

    def session(self, session_id: str) -> SessionOut:
        return self._call("GET", _path("session", session_id), SessionOut)

    def alerts(self, filters: Mapping[str, str], most: int | None = None) -> list[AlertOut]:
        """The alerts the filters let through, page by page; at most so many."""
        items: list[AlertOut] = []
        cursor: str | None = None
        while True:
            query = dict(filters) | ({"cursor": cursor} if cursor else {})
            page = self._call("GET", "/api/v1/alerts", AlertPage, query=query)
            items += page.items
            cursor = page.next_cursor
            if cursor is None or (most is not None and len(items) >= most):
                return items[:most]

    def incidents(self, filters: Mapping[str, str | list[str]], most: int) -> list[IncidentOut]:
        """The first incidents of the review queue that the filters let through."""
        items: list[IncidentOut] = []
        cursor: str | None = None
        while True:
            query = dict(filters) | ({"cursor": cursor} if cursor else {})
            page = self._call("GET", "/api/v1/incidents", IncidentPage, query=query)
            items += page.items
            cursor = page.next_cursor
            if cursor is None or len(items) >= most:
                return items[:most]

    def incident(self, incident_id: str) -> IncidentDetail:
        return self._call("GET", _path("incidents", incident_id), IncidentDetail)

    def review(self, incident_id: str, act: str, body: BaseModel | None = None) -> IncidentOut:
        """Do something about an incident: `claim`, `release`, `comment`, `confirm`, `dismiss`, `reopen`,
        `appeal/decide`."""
        return self._call("POST", _path("incidents", incident_id, *act.split("/")), IncidentOut, body=body)

    def precision(self, exam_id: str | None) -> list[RulePrecision]:
        query = {"exam_id": exam_id} if exam_id else None
        answer = self._send("GET", "/api/v1/incidents/precision", query=query)
        return _parsed(TypeAdapter(list[RulePrecision]), answer)

    def intervene(self, session_id: str, act: str, body: BaseModel) -> InterventionOut:
        """Do something to a running session: `message`, `pause`, `resume`, `extra-time`, `flag`,
        `terminate`."""
        return self._call("POST", _path("session", session_id, act), InterventionOut, body=body)

    def rescore(self, session_id: str, request: RescoreRequest) -> RescoreOut:
        return self._call("POST", _path("session", session_id, "rescore"), RescoreOut, body=request)

    def exams(self, most: int) -> list[ExamOut]:
        """The newest exams."""
        return self._all(_path("exams"), ExamPage, most)

    def exam(self, exam_id: str) -> ExamOut:
        return self._call("GET", _path("exams", exam_id), ExamOut)

    def create_exam(self, request: ExamRequest) -> ExamOut:
        return self._call("POST", _path("exams"), ExamOut, body=request)

    def change_exam(self, exam_id: str, change: ExamChange) -> ExamOut:
        return self._call("PUT", _path("exams", exam_id), ExamOut, body=change)

    def policy(self, exam_id: str, version: int | None) -> PolicyOut:
        """One version of an exam's policy, or the one in force."""
        place = ("policy",) if version is None else ("policies", str(version))
        return self._call("GET", _path("exams", exam_id, *place), PolicyOut)

    def add_policy(self, exam_id: str, request: PolicyRequest) -> PolicyOut:
        return self._call("POST", _path("exams", exam_id, "policies"), PolicyOut, body=request)

    def policy_versions(self, exam_id: str, most: int) -> list[PolicySummary]:
        """The newest versions."""
        return self._all(_path("exams", exam_id, "policies"), PolicyPage, most)

    def policy_diff(self, exam_id: str, before: int, after: int) -> PolicyDiff:
        query = {"before": str(before), "after": str(after)}
        return self._call("GET", _path("exams", exam_id, "policy-diff"), PolicyDiff, query=query)

    def accommodations(self, exam_id: str, most: int) -> list[AccommodationOut]:
        return self._all(_path("exams", exam_id, "accommodations"), AccommodationPage, most)

    def accommodation(self, exam_id: str, candidate_id: str) -> AccommodationOut:
        return self._call("GET", _path("exams", exam_id, "accommodations", candidate_id), AccommodationOut)

    def agree(self, exam_id: str, candidate_id: str, request: AccommodationRequest) -> AccommodationOut:
        path = _path("exams", exam_id, "accommodations", candidate_id)
        return self._call("PUT", path, AccommodationOut, body=request)

    def withdraw_accommodation(self, exam_id: str, candidate_id: str) -> None:
        self._send("DELETE", _path("exams", exam_id, "accommodations", candidate_id))

    def tokens(self, subject: str, most: int) -> list[TokenOut]:
        """The tokens that expire first."""
        return self._all(_path("tokens"), TokenPage, most, {"subject": subject} if subject else {})

    def create_token(self, request: TokenRequest) -> TokenResponse:
        return self._call("POST", _path("tokens"), TokenResponse, body=request)

    def revoke_token(self, token_id: str) -> None:
        self._send("DELETE", _path("tokens", token_id))

    def token_keys(self) -> list[TokenKeyOut]:
        return _parsed(TypeAdapter(list[TokenKeyOut]), self._send("GET", _path("token-keys")))

    def rotate_token_key(self) -> TokenKeyOut:
        return self._call("POST", _path("token-keys"), TokenKeyOut)

    def revoke_token_key(self, key_id: str) -> None:
        self._send("DELETE", _path("token-keys", key_id))

    def nodes(self) -> list[NodeOut]:
        return _parsed(TypeAdapter(list[NodeOut]), self._send("GET", "/api/v1/nodes"))

    def _all(
        self, path: str, kind: type[Page[B]], most: int, filters: Mapping[str, str] = MappingProxyType({})
    ) -> list[B]:
        items: list[B] = []
        query = {**filters, "limit": str(min(most, 200))}
        while True:
            page = _parsed(TypeAdapter(kind), self._send("GET", path, query=query))
            items += page.items
            if page.next_cursor is None or len(items) >= most:
                return items[:most]
            query["cursor"] = page.next_cursor

    def _call(
        self,
        method: str,
        path: str,
        answer: type[B],
        *,
        body: BaseModel | None = None,
        query: Mapping[str, str | list[str]] | None = None,
    ) -> B:
        return _parsed(TypeAdapter(answer), self._send(method, path, body=body, query=query))

    def _send(
        self,
        method: str,
        path: str,
        *,
        body: BaseModel | None = None,
        query: Mapping[str, str | list[str]] | None = None,
    ) -> bytes:
        json = body.model_dump(mode="json", exclude_none=True) if body is not None else None
        try:
            response = self._http.request(method, path, json=json, params=query)
        except httpx.TransportError as error:
            raise Unavailable(f"the coordinator at {self._url} does not answer; is it running?") from error
        if response.is_success:
            return response.content
        raise _refusal(response)


def checked(kind: type[B], **fields: object) -> B:
    """A request's body from what somebody typed. Raises `Rejected` naming what is wrong with it."""
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        wrong = [(".".join(map(str, e["loc"])), e["msg"]) for e in error.errors()]
        text = "; ".join(f"{path}: {message}" for path, message in wrong)
        raise Rejected(f"this cannot be sent: {text}", code="invalid-request", status=422) from error


def _path(*parts: str) -> str:
    """A path of the API; what somebody typed stays one part of it."""
    return "/api/v1/" + "/".join(quote(part, safe="") for part in parts)


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
