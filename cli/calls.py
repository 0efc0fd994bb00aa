"""How `proctorctl` calls the REST API: sends bodies, reads answers, turns problems into our errors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from shared.errors import Corrupt, Rejected, Unavailable

TIMEOUT_S = 60.0
PAGE_ITEMS = 200
"""The most items per page of the API."""
B = TypeVar("B", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
P = TypeVar("P")
Query = Mapping[str, str | list[str]]


class Page(Protocol[C]):
    """One page of a list."""

    @property
    def items(self) -> list[C]: ...

    @property
    def next_cursor(self) -> str | None: ...


class Calls:
    """A connection to one coordinator; close it."""

    def __init__(self, url: str, token: str, transport: httpx.BaseTransport | None = None) -> None:
        self._url = url
        self._http = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=TIMEOUT_S,
            transport=transport,
        )

    def close(self) -> None:
        self._http.close()

    def one(
        self,
        method: str,
        path: str,
        answer: type[B],
        *,
        body: BaseModel | None = None,
        query: Query | None = None,
    ) -> B:
        """The answer to one request."""
        return _parsed(TypeAdapter(answer), self.send(method, path, body=body, query=query))

    def rows(self, path: str, kind: type[B], query: Query | None = None) -> list[B]:
        """A list that is not split into pages."""
        return _parsed(TypeAdapter(list[kind]), self.send("GET", path, query=query))  # type: ignore[valid-type]

    def pages(
        self, path: str, kind: type[Page[B]], most: int | None, filters: Query = MappingProxyType({})
    ) -> list[B]:
        """A list that comes in pages, up to `limit` items."""
        items: list[B] = []
        query = {**filters, "limit": str(min(most or PAGE_ITEMS, PAGE_ITEMS))}
        while True:
            page = _parsed(TypeAdapter(kind), self.send("GET", path, query=query))
            items += page.items
            if page.next_cursor is None or (most is not None and len(items) >= most):
                return items[:most]
            query["cursor"] = page.next_cursor

    def send(
        self,
        method: str,
        path: str,
        *,
        body: BaseModel | None = None,
        query: Query | None = None,
    ) -> bytes:
        """Send a request. Raises our error for a refusal, `Unavailable` without an answer."""
        json = body.model_dump(mode="json", exclude_none=True) if body is not None else None
        try:
            response = self._http.request(method, path, json=json, params=query)
        except httpx.TransportError as error:
            raise Unavailable(_unanswered(self._url, str(error))) from error
        if response.is_success:
            return response.content
        raise _refusal(response)

    def save(self, path: str, query: Query, file: Path, *, body: BaseModel | None = None) -> int:
        """Write a large answer to a file as it comes; returns its bytes. With a body it is a POST. Raises as
        `send` does."""
        method, json = ("GET", None) if body is None else ("POST", body.model_dump(mode="json"))
        try:
            with self._http.stream(method, path, params=query, json=json) as response:
                if not response.is_success:
                    response.read()
                    raise _refusal(response)
                with file.open("wb") as opened:
                    return sum(opened.write(data) for data in response.iter_bytes())
        except httpx.TransportError as error:
            raise Unavailable(f"the coordinator at {self._url} broke off; ask again") from error


def checked(kind: type[B], **fields: object) -> B:
    """A request's body from what a person typed. Raises `Rejected` that names what is wrong."""
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        wrong = [(".".join(map(str, e["loc"])), e["msg"]) for e in error.errors()]
        text = "; ".join(f"{path}: {message}" for path, message in wrong)
        raise Rejected(f"this cannot be sent: {text}", code="invalid-request", status=422) from error


def _unanswered(url: str, why: str) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in why:
        return f"the certificate of {url} is not trusted here; SSL_CERT_FILE names the file of its authority"
    return f"the coordinator at {url} does not answer; is it running?"


def path_of(*parts: str) -> str:
    """A path of the API; each piece a person typed stays one segment."""
    return "/api/v1/" + "/".join(quote(part, safe="") for part in parts)


def _refusal(response: httpx.Response) -> Rejected | Unavailable:
    """Our error for a problem document (RFC 9457), or for any other answer."""
    try:
        problem: dict[str, Any] = response.json()
        detail, code = str(problem["detail"]), str(problem["code"])
        detail += "".join(f"\n  {e.get('path')}: {e.get('message')}" for e in problem.get("errors", []))
    except (ValueError, KeyError, TypeError, AttributeError):
        detail, code = f"HTTP {response.status_code} {response.reason_phrase}", "http-error"
    if response.status_code in (502, 503, 504):
        return Unavailable(detail)
    wait_s = response.headers.get("Retry-After", "")
    return Rejected(
        detail,
        code=code,
        status=response.status_code,
        retry_after_s=int(wait_s) if wait_s.isdecimal() else None,
    )


def _parsed(adapter: TypeAdapter[P], content: bytes) -> P:
    try:
        return adapter.validate_json(content)
    except ValidationError as error:
        raise Corrupt(
            "the coordinator's answer has an unknown format; use the proctorctl of the same version"
        ) from error
