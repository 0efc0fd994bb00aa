"""Calls of a node to the coordinator's API: whom it joins, join, renew."""

from __future__ import annotations

import ssl
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from edge.membership.address import usable
from shared.api.memberships import AuthorityOut, MembershipOut, MembershipRequest
from shared.errors import ConfigError, Corrupt, Rejected, Unavailable

TIMEOUT_S: Final = 30.0
B = TypeVar("B", bound=BaseModel)


class Coordinator:
    """A connection to a coordinator; close it."""

    def __init__(self, url: str, authorities: str = "") -> None:
        """`authorities`: CAs that may have signed its certificate, PEM; beside them, those of this machine.

        Raises `ConfigError` for an address that may not be used.
        """
        self._url = usable(url)
        trusted = ssl.create_default_context()
        if authorities:
            trusted.load_verify_locations(cadata=authorities)
        try:
            self._http = httpx.Client(base_url=f"{self._url}/api/v1/nodes", timeout=TIMEOUT_S, verify=trusted)
        except httpx.InvalidURL as error:
            raise ConfigError(f"the coordinator's address cannot be used: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def authority(self) -> AuthorityOut:
        """Whom nodes join there."""
        return self._asked("GET", "/authority", AuthorityOut)

    def join(self, request: MembershipRequest) -> MembershipOut:
        """Join. Raises `Rejected` with the coordinator's reason."""
        return self._asked("POST", "/join", MembershipOut, request)

    def renew(self, request: MembershipRequest) -> MembershipOut:
        """Get the next certificate. Raises `Rejected` with the coordinator's reason."""
        return self._asked("POST", "/renew", MembershipOut, request)

    def _asked(self, method: str, path: str, kind: type[B], body: BaseModel | None = None) -> B:
        try:
            answer = self._http.request(method, path, json=None if body is None else body.model_dump())
        except httpx.RequestError as error:
            raise Unavailable(f"the coordinator at {self._url} does not answer: {error}") from error
        if not answer.is_success:
            raise _refusal(answer)
        try:
            return kind.model_validate_json(answer.content)
        except ValidationError as error:
            raise Corrupt(f"{self._url} is not a coordinator of this version") from error


def _refusal(answer: httpx.Response) -> Rejected | Unavailable:
    try:
        problem: dict[str, Any] = answer.json()
        detail, code = str(problem["detail"]), str(problem["code"])
    except (ValueError, KeyError, TypeError):
        detail, code = f"HTTP {answer.status_code} {answer.reason_phrase}", "http-error"
    if answer.status_code == httpx.codes.TOO_MANY_REQUESTS or answer.status_code >= 500:
        return Unavailable(detail, code=code)
    return Rejected(detail, code=code, status=answer.status_code)
