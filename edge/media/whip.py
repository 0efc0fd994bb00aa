"""WHIP (RFC 9725) at `/whip/{session_id}`: one HTTP request starts a stream, for browsers and programs.

POST an offer with the session token as Bearer; the answer is 201 with the SDP, Location, ETag and a Link for
each ICE server. PATCH adds candidates, DELETE ends the stream, GET only tells that it runs. A PATCH needs the
ETag as If-Match: 428 without one, 412 with another. ICE restarts (If-Match `*`, or another ufrag) are refused
with 422: the stream goes on, and the sender may post again. The earlier stream can be used until the media of
the new one arrive; from then on it answers 409 (`open-elsewhere`), and DELETE still ends it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass
from itertools import chain
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from edge.media.admission import Admission, Seat
from edge.media.fragments import Credentials, candidates, credentials, no_restart
from shared.errors import ProctorError, Rejected
from shared.ice import IceServer

_BODY_BYTES = 64 * 1024
_RESOURCES = 1000
"""Streams that can be addressed at a time; far more than a node serves."""
_OF_SESSION = 4
"""Streams of one session among them."""
_SDP = "application/sdp"
_FRAGMENT = "application/trickle-ice-sdpfrag"
_ENDPOINT = "GET, HEAD, OPTIONS, POST"
_STREAM = "DELETE, GET, HEAD, OPTIONS, PATCH"

Servers = Callable[[UUID], Iterable[IceServer]]
"""The ICE servers of a session that runs here, with its own credentials."""


@dataclass(frozen=True, slots=True)
class _Resource:
    name: str
    etag: str
    token_sha256: bytes
    offered: Credentials
    seat: Seat


class _Resources:
    """The running streams; the oldest is forgotten when there are too many, of a session or in all."""

    def __init__(self) -> None:
        self._streams: dict[tuple[UUID, str], _Resource] = {}

    def add(self, session_id: UUID, token: str, offered: Credentials, seat: Seat) -> _Resource:
        own = [key for key in self._streams if key[0] == session_id]
        for key in own[: max(0, len(own) + 1 - _OF_SESSION)]:
            del self._streams[key]
        while len(self._streams) >= _RESOURCES:
            del self._streams[next(iter(self._streams))]
        digest = hashlib.sha256(token.encode()).digest()
        resource = _Resource(uuid4().hex, f'"{uuid4().hex}"', digest, offered, seat)
        self._streams[session_id, resource.name] = resource
        return resource

    def find(self, session_id: UUID, name: str, token: str) -> _Resource:
        """Find a stream. Raises Rejected: 404 for an unknown stream, 401 for a token that did not open it."""
        resource = self._streams.get((session_id, name))
        if resource is None:
            raise Rejected("no such stream", code="no-stream", status=404)
        if not hmac.compare_digest(hashlib.sha256(token.encode()).digest(), resource.token_sha256):
            raise Rejected("this token did not open this stream", code="wrong-token", status=401)
        return resource

    def drop(self, session_id: UUID, name: str) -> None:
        self._streams.pop((session_id, name), None)


class _Whip:
    def __init__(self, admission: Admission, allowed_origins: Collection[str], servers: Servers) -> None:
        self._admission = admission
        self._allowed_origins = allowed_origins
        self._servers = servers
        self._streams = _Resources()

    async def open_stream(self, request: Request, session_id: UUID) -> Response:
        return await self._answered(request, self._post(request, session_id))

    async def trickle(self, request: Request, session_id: UUID, name: str) -> Response:
        return await self._answered(request, self._patch(request, session_id, name))

    async def end(self, request: Request, session_id: UUID, name: str) -> Response:
        return await self._answered(request, self._delete(request, session_id, name))

    async def look_at_endpoint(self, request: Request, session_id: UUID) -> Response:
        return await self._answered(request, self._endpoint(request, session_id))

    async def look_at_stream(self, request: Request, session_id: UUID, name: str) -> Response:
        return await self._answered(request, self._stream(request, session_id, name))

    async def options_of_endpoint(self, request: Request) -> Response:
        headers = {"Accept-Post": _SDP, "Allow": _ENDPOINT}
        return self._shared(request, Response(status_code=204, headers=headers))

    async def options_of_stream(self, request: Request) -> Response:
        headers = {"Accept-Patch": _FRAGMENT, "Allow": _STREAM}
        return self._shared(request, Response(status_code=204, headers=headers))

    async def not_of_endpoint(self, request: Request) -> Response:
        return self._shared(request, _not_allowed(_ENDPOINT))

    async def not_of_stream(self, request: Request) -> Response:
        return self._shared(request, _not_allowed(_STREAM))

    async def _answered(self, request: Request, work: Awaitable[Response]) -> Response:
        try:
            response = await work
        except ProctorError as error:
            response = _problem(error)
        return self._shared(request, response)

    def _shared(self, request: Request, response: Response) -> Response:
        return _with_cors(response, request, self._allowed_origins)

    async def _endpoint(self, request: Request, session_id: UUID) -> Response:
        self._admission.check(session_id, _token(request))
        return Response(status_code=204, headers={"Accept-Post": _SDP, "Allow": _ENDPOINT})

    async def _stream(self, request: Request, session_id: UUID, name: str) -> Response:
        resource = self._find(request, session_id, name)
        resource.seat.check()
        headers = {"ETag": resource.etag, "Accept-Patch": _FRAGMENT, "Allow": _STREAM}
        return Response(status_code=204, headers=headers)

    async def _post(self, request: Request, session_id: UUID) -> Response:
        token = _token(request)
        seat = await self._admission.connect(session_id, token)
        offer = await _body(request, _SDP)
        answer = await seat.answer(offer)
        resource = self._streams.add(session_id, token, credentials(offer), seat)
        headers = {
            "Location": f"{request.url.path}/{resource.name}",
            "ETag": resource.etag,
            "Accept-Patch": _FRAGMENT,
        }
        response = Response(answer, 201, headers, media_type=_SDP)
        for link in chain.from_iterable(map(_links, self._servers(session_id))):
            response.headers.append("Link", link)
        return response

    async def _patch(self, request: Request, session_id: UUID, name: str) -> Response:
        resource = self._find(request, session_id, name)
        resource.seat.check()
        fragment = await _body(request, _FRAGMENT)
        _check_match(request.headers.get("if-match"), resource.etag)
        for mid, candidate in candidates(fragment, resource.offered):
            await resource.seat.add_candidate(candidate, mid, None)
        return Response(status_code=204)

    async def _delete(self, request: Request, session_id: UUID, name: str) -> Response:
        resource = self._find(request, session_id, name)
        self._streams.drop(session_id, name)
        await resource.seat.left()
        return Response(status_code=200)

    def _find(self, request: Request, session_id: UUID, name: str) -> _Resource:
        """The stream of a request whose token is still valid: its session runs and its key was not
        revoked."""
        token = _token(request)
        self._admission.check(session_id, token)
        return self._streams.find(session_id, name, token)


def whip_router(
    admission: Admission, allowed_origins: Collection[str], servers: Servers = lambda _: ()
) -> APIRouter:
    """Routes for WHIP. Browser pages of `allowed_origins` may use them."""
    whip = _Whip(admission, allowed_origins, servers)
    router = APIRouter()
    path = "/whip/{session_id}"
    router.add_api_route(path, whip.open_stream, methods=["POST"])
    router.add_api_route(path, whip.look_at_endpoint, methods=["GET", "HEAD"])
    router.add_api_route(path, whip.options_of_endpoint, methods=["OPTIONS"])
    router.add_api_route(path, whip.not_of_endpoint, methods=["PUT", "PATCH", "DELETE"])
    path += "/{name}"
    router.add_api_route(path, whip.trickle, methods=["PATCH"])
    router.add_api_route(path, whip.end, methods=["DELETE"])
    router.add_api_route(path, whip.look_at_stream, methods=["GET", "HEAD"])
    router.add_api_route(path, whip.options_of_stream, methods=["OPTIONS"])
    router.add_api_route(path, whip.not_of_stream, methods=["PUT", "POST"])
    return router


def _check_match(if_match: str | None, etag: str) -> None:
    if if_match is None:
        raise Rejected("the request needs the stream's ETag as If-Match", code="no-if-match", status=428)
    given = {each.strip() for each in if_match.split(",")}
    if given == {"*"}:
        raise no_restart()
    if etag not in given:
        raise Rejected("If-Match does not have the stream's ETag", code="wrong-if-match", status=412)


def _links(server: IceServer) -> list[str]:
    """Values of `Link` headers for a server (RFC 9725, 4.6)."""
    secret = ""
    if server.username is not None and server.credential is not None:
        secret = (
            f'; username="{server.username}"; credential="{server.credential}"; credential-type="password"'
        )
    return [f'<{url}>; rel="ice-server"{secret}' for url in server.urls]


def _not_allowed(methods: str) -> Response:
    response = _problem(Rejected("the method is not allowed here", code="no-method", status=405))
    response.headers["Allow"] = methods
    return response


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
    methods = _STREAM if "name" in request.path_params else _ENDPOINT
    if origin is not None and origin in allowed_origins:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Methods"] = methods
        response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, If-Match"
        response.headers["Access-Control-Expose-Headers"] = "Location, ETag, Accept-Patch, Link, Retry-After"
    return response
