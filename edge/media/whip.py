"""WHIP (RFC 9725) at `/whip/{session_id}`: one HTTP request starts a stream, for browsers and programs.

POST an offer with the session token as Bearer; the answer is 201 with the SDP, Location and ETag. PATCH adds
candidates, DELETE ends the stream. ICE restarts are refused with 422: the sender must post again.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Collection
from dataclasses import dataclass
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from edge.media.admission import Admission, Seat
from shared.errors import ProctorError, Rejected

_BODY_BYTES = 64 * 1024
_RESOURCES = 1000
"""Streams that can be addressed at a time; far more than a node serves."""
_SDP = "application/sdp"
_FRAGMENT = "application/trickle-ice-sdpfrag"
_METHODS = "OPTIONS, POST, PATCH, DELETE"


@dataclass(frozen=True, slots=True)
class _Resource:
    name: str
    etag: str
    token_sha256: bytes
    seat: Seat


class _Resources:
    """The running streams, one per session; the oldest is forgotten when there are too many."""

    def __init__(self) -> None:
        self._by_session: dict[UUID, _Resource] = {}

    def add(self, session_id: UUID, token: str, seat: Seat) -> _Resource:
        self._by_session.pop(session_id, None)
        while len(self._by_session) >= _RESOURCES:
            del self._by_session[next(iter(self._by_session))]
        resource = _Resource(uuid4().hex, f'"{uuid4().hex}"', hashlib.sha256(token.encode()).digest(), seat)
        self._by_session[session_id] = resource
        return resource

    def find(self, session_id: UUID, name: str, token: str) -> _Resource:
        """Find a stream. Raises Rejected: 404 for an unknown stream, 401 for a token that did not open it."""
        resource = self._by_session.get(session_id)
        if resource is None or resource.name != name:
            raise Rejected("no such stream", code="no-stream", status=404)
        if not hmac.compare_digest(hashlib.sha256(token.encode()).digest(), resource.token_sha256):
            raise Rejected("this token did not open this stream", code="wrong-token", status=401)
        return resource

    def drop(self, session_id: UUID) -> None:
        self._by_session.pop(session_id, None)


class _Whip:
    def __init__(self, admission: Admission, allowed_origins: Collection[str]) -> None:
        self._admission = admission
        self._allowed_origins = allowed_origins
        self._streams = _Resources()

    async def open_stream(self, request: Request, session_id: UUID) -> Response:
        return await self._answered(request, self._post(request, session_id))

    async def trickle(self, request: Request, session_id: UUID, name: str) -> Response:
        return await self._answered(request, self._patch(request, session_id, name))

    async def end(self, request: Request, session_id: UUID, name: str) -> Response:
        return await self._answered(request, self._delete(request, session_id, name))

    async def options(self, request: Request) -> Response:
        response = Response(status_code=204, headers={"Accept-Post": _SDP})
        return _with_cors(response, request, self._allowed_origins)

    async def _answered(self, request: Request, work: Awaitable[Response]) -> Response:
        try:
            response = await work
        except ProctorError as error:
            response = _problem(error)
        return _with_cors(response, request, self._allowed_origins)

    async def _post(self, request: Request, session_id: UUID) -> Response:
        token = _token(request)
        seat = await self._admission.connect(session_id, token)
        answer = await seat.answer(await _body(request, _SDP))
        resource = self._streams.add(session_id, token, seat)
        headers = {
            "Location": f"{request.url.path}/{resource.name}",
            "ETag": resource.etag,
            "Accept-Patch": _FRAGMENT,
        }
        return Response(answer, 201, headers, media_type=_SDP)

    async def _patch(self, request: Request, session_id: UUID, name: str) -> Response:
        resource = self._find(request, session_id, name)
        fragment = await _body(request, _FRAGMENT)
        if request.headers.get("if-match") != resource.etag:
            # RFC 9725, 4.3: any other ETag, "*" included, asks for an ICE restart.
            raise Rejected("ICE restarts are not supported; post a new offer", code="no-restart", status=422)
        for mid, candidate in fragment_candidates(fragment):
            await resource.seat.add_candidate(candidate, mid, None)
        return Response(status_code=204)

    async def _delete(self, request: Request, session_id: UUID, name: str) -> Response:
        resource = self._find(request, session_id, name)
        self._streams.drop(session_id)
        await resource.seat.left()
        return Response(status_code=200)

    def _find(self, request: Request, session_id: UUID, name: str) -> _Resource:
        """The stream of a request whose token is still valid: its session runs and its key was not
        revoked."""
        token = _token(request)
        self._admission.check(session_id, token)
        return self._streams.find(session_id, name, token)


def whip_router(admission: Admission, allowed_origins: Collection[str]) -> APIRouter:
    """Routes for WHIP. Browser pages of `allowed_origins` may use them."""
    whip = _Whip(admission, allowed_origins)
    router = APIRouter()
    path = "/whip/{session_id}"
    router.add_api_route(path, whip.open_stream, methods=["POST"])
    router.add_api_route(path, whip.options, methods=["OPTIONS"])
    router.add_api_route(path + "/{name}", whip.trickle, methods=["PATCH"])
    router.add_api_route(path + "/{name}", whip.end, methods=["DELETE"])
    router.add_api_route(path + "/{name}", whip.options, methods=["OPTIONS"])
    return router


def fragment_candidates(fragment: str) -> list[tuple[str | None, str]]:
    """`(mid, candidate line)` of each candidate in an SDP fragment (RFC 8840); empty text marks their end."""
    found: list[tuple[str | None, str]] = []
    mid: str | None = None
    for line in fragment.splitlines():
        if line.startswith("a=mid:"):
            mid = line.removeprefix("a=mid:").strip()
        elif line.startswith("a=candidate:"):
            found.append((mid, line))
        elif line.startswith("a=end-of-candidates"):
            found.append((mid, ""))
    return found


async def _body(request: Request, media_type: str) -> str:
    given = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if given != media_type:
        raise Rejected(f"the body must be {media_type}", code="wrong-media-type", status=415)
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _BODY_BYTES:
            raise Rejected("the body is larger than 64 KiB", code="too-large", status=413)
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise Rejected("the body is not UTF-8", code="bad-offer") from error


def _token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Rejected("an Authorization header with a Bearer token is required", code="no-token", status=401)
    return token.strip()


def _problem(error: ProctorError) -> Response:
    status = error.status if isinstance(error, Rejected) else 503
    code = error.code if isinstance(error, Rejected) else "unavailable"
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    if status == 503:
        headers["Retry-After"] = "5"
    elif isinstance(error, Rejected) and error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    content = {"type": f"urn:proctor:{code}", "title": str(error), "status": status}
    return JSONResponse(content, status, headers, media_type="application/problem+json")


def _with_cors(response: Response, request: Request, allowed_origins: Collection[str]) -> Response:
    origin = request.headers.get("origin")
    response.headers["Vary"] = "Origin"
    if origin is not None and origin in allowed_origins:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Methods"] = _METHODS
        response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, If-Match"
        response.headers["Access-Control-Expose-Headers"] = "Location, ETag, Accept-Patch"
    return response
