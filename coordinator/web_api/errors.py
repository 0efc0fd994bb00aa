"""Turns all errors into HTTP answers with RFC 9457 problem details.

    Rejected                   its own status and code
    Unavailable                503 with Retry-After
    RequestValidationError     422 `invalid-request`, with the path of each wrong field
    HTTPException (404, 405…)  its status, with a stable code
    Corrupt, ConfigError, any  500 `internal`, logged; the answer does not show the cause

No answer repeats sent values: a wrong value may be secret or personal.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coordinator.web_api.field_paths import path_of
from shared.errors import ProctorError, Rejected, Unavailable

logger = logging.getLogger(__name__)

PROBLEM_TYPE: Final = "urn:proctor-edge:problem:"
MEDIA_TYPE: Final = "application/problem+json"
MAX_ERRORS: Final = 50
"""Wrong fields listed in one answer; further ones are left out."""

_CODES: Mapping[int, str] = {
    400: "bad-request",
    401: "token-missing",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    413: "body-too-large",
    415: "unsupported-media-type",
}


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: Sequence[Mapping[str, object]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An answer with problem details."""
    body = {
        "type": PROBLEM_TYPE + code,
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "errors": [dict(error) for error in errors[:MAX_ERRORS]],
    }
    extra = {"Cache-Control": "no-store", **(headers or {})}
    if status == HTTPStatus.UNAUTHORIZED:
        extra["WWW-Authenticate"] = "Bearer"
    content = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    return Response(content, status, extra, MEDIA_TYPE)


def problem_of(error: ProctorError) -> Response:
    """The answer to one of our own errors."""
    if isinstance(error, Rejected):
        headers = {} if error.retry_after_s is None else {"Retry-After": str(error.retry_after_s)}
        return problem(error.status, error.code, str(error), errors=error.errors, headers=headers)
    if isinstance(error, Unavailable):
        return problem(503, error.code, str(error), headers={"Retry-After": str(error.retry_after_s)})
    logger.error("a request failed", exc_info=error, extra={"error": type(error).__name__})
    return _internal()


def validation_problem(errors: Sequence[Mapping[str, Any]]) -> Response:
    """422 with the path of each wrong field; 400 if the body is not JSON at all."""
    if any(error.get("type") == "json_invalid" for error in errors):
        return problem(400, "body-not-json", "the body is not valid JSON")
    return problem(
        422,
        "invalid-request",
        "the request is not valid; see errors for each wrong field",
        errors=[{"path": path_of(error["loc"]), "message": str(error["msg"])} for error in errors],
    )


def add_error_handlers(app: FastAPI) -> None:
    """Answer every error of this application with a problem document."""

    async def on_proctor_error(_: Request, error: Exception) -> Response:
        assert isinstance(error, ProctorError)
        return problem_of(error)

    async def on_validation_error(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return validation_problem(error.errors())

    async def on_http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        code = _CODES.get(error.status_code, "http-error")
        headers = dict(error.headers or {})
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = ", ".join(_methods_there(app, request))
        return problem(error.status_code, code, error.detail, headers=headers)

    app.add_exception_handler(ProctorError, on_proctor_error)
    app.add_exception_handler(RequestValidationError, on_validation_error)
    app.add_exception_handler(HTTPException, on_http_error)


def _methods_there(app: FastAPI, request: Request) -> list[str]:
    """Every method of a path (RFC 9110, 15.5.6); Starlette names only those of its first route."""
    return [
        method
        for method in ("DELETE", "GET", "HEAD", "POST", "PUT")
        for scope in ({**request.scope, "method": method},)
        if any(route.matches(scope)[0] is Match.FULL for route in app.routes)
    ]


class Failures:
    """ASGI layer that answers 500 for any exception inside, so that this answer also passes the layers around
    it: Starlette's own exception handler is outside all of them, including headers and metrics. The reason is
    only logged. An exception after the answer has begun is passed to the server, which cuts the connection.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception as error:
            if begun:
                raise
            logger.exception("a request failed", extra={"error": type(error).__name__})
            await _internal()(scope, receive, send)


def _internal() -> Response:
    return problem(500, "internal", "the coordinator failed; the operator's log has the reason")
