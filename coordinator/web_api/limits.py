"""Limits on requests, applied before parsing: body sizes and rates.

A body is refused by its announced length before a byte of it is read, and by its real length if none or a
wrong one was announced. The large limit of enrollment applies only to bearers of a valid token: without one
the answer is 401, so that a stranger cannot make the coordinator read megabytes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coordinator.web_api.errors import problem_of
from coordinator.web_api.places import Places
from shared.api.bodies import MAX_BODY_BYTES
from shared.errors import ProctorError, Rejected
from shared.rates import Buckets, Rate
from shared.tokens import Claims, Role

SMALL_BODY_BYTES: Final = 262_144
"""All bodies except enrollment's; a complete policy has about 10 KiB."""
LARGE_AT_ONCE: Final = 16
"""Enrollments in progress; each may use about 100 MiB for text and pictures."""
LARGE_OF_ONE: Final = 12
"""The share of one platform or person, so that one token cannot occupy all places by sending slowly."""
LARGE_OF_CANDIDATE: Final = 2
"""An enrollment and a practice check."""
PICTURE_PATHS: Final = frozenset({"/api/v1/enroll", "/api/v1/practice-check"})
"""The paths of bodies with pictures."""

BEARER_RATE: Final = Rate(burst=3_000, per_s=100)
"""Per bearer, for all requests: enough for a platform that enters a term or reads all alerts, but it stops a
loop."""
CANDIDATE_RATE: Final = Rate(burst=300, per_s=10)
"""Per candidate, for all requests: a page asks every few seconds."""
JOIN_FAILURE_RATE: Final = Rate(burst=10, per_s=0.1)
"""Failed codes, per address and beginning of the code. Codes are too long to be guessed."""
NODE_JOINS_FAILED_RATE: Final = Rate(burst=20, per_s=0.1)
"""Refused join tokens, per address. Their secrets are too long to be guessed."""
NODE_RENEWAL_RATE: Final = Rate(burst=10, per_s=1 / 60)
"""Per node that has proved its key; it renews every 16 hours."""
ENROLL_RATE: Final = Rate(burst=10, per_s=0.2)
"""Per enrolled candidate: enough for a person who retries, not for a search for a picture that passes."""
VERIFY_RATE: Final = Rate(burst=10, per_s=1)
"""Per session: each check occupies an edge node."""
TICKET_RATE: Final = Rate(burst=60, per_s=2)
"""Per bearer; a page reconnects with back-off."""
SOCKET_RATE: Final = Rate(burst=20, per_s=0.5)
"""Live sockets opened per candidate; a page reconnects with back-off."""
START_RATE: Final = Rate(burst=600, per_s=20)
"""Per bearer: an exam platform starts a whole cohort."""
TOKEN_RATE: Final = Rate(burst=600, per_s=20)
"""Per administrator."""
REPORT_RATE: Final = Rate(burst=20, per_s=0.5)
"""Per bearer, for reports and bundles: enough for a reader, not for a crawler. Use /alerts for larger
amounts."""

ROUTE_RATE: Final = Rate(burst=20, per_s=0.5)
"""Per session: its page asks for its node before each try to connect again."""
CAMERA_RATE: Final = Rate(burst=10, per_s=0.2)
"""Per link, for what a page says of its camera: a candidate tries again a few times."""


class Rates:
    """The rates of one coordinator process, by kind of request."""

    def __init__(self) -> None:
        self.bearer = Buckets(BEARER_RATE)
        self.candidate = Buckets(CANDIDATE_RATE)
        self.join_failures = Buckets(JOIN_FAILURE_RATE)
        self.node_joins_failed = Buckets(NODE_JOINS_FAILED_RATE)
        self.node_renewal = Buckets(NODE_RENEWAL_RATE)
        self.enroll = Buckets(ENROLL_RATE)
        self.verify = Buckets(VERIFY_RATE)
        self.ticket = Buckets(TICKET_RATE)
        self.route = Buckets(ROUTE_RATE)
        self.socket = Buckets(SOCKET_RATE)
        self.start = Buckets(START_RATE)
        self.token = Buckets(TOKEN_RATE)
        self.report = Buckets(REPORT_RATE)
        self.camera = Buckets(CAMERA_RATE)

    @property
    def refused(self) -> int:
        """Requests refused since the start."""
        return sum(one.refused for one in vars(self).values())


class BodyBound:
    """ASGI layer that refuses bodies above a limit (413) before they are parsed.

    `authorise` identifies the caller and raises `Rejected` for a request without a valid token; it is called
    before the large limit applies.
    """

    def __init__(self, app: ASGIApp, authorise: Callable[[Request], Awaitable[Claims]]) -> None:
        self._app = app
        self._authorise = authorise
        self._places = Places(LARGE_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        large = request.method == "POST" and request.url.path in PICTURE_PATHS
        try:
            if large:
                await self._large(request, receive, send)
            else:
                _check_announced(request, SMALL_BODY_BYTES)
                await self._app(scope, _counted(receive, SMALL_BODY_BYTES), send)
        except ProctorError as error:
            await problem_of(error)(scope, receive, send)

    async def _large(self, request: Request, receive: Receive, send: Send) -> None:
        claims = await self._authorise(request)
        _check_announced(request, MAX_BODY_BYTES)
        most = LARGE_OF_CANDIDATE if claims.role is Role.CANDIDATE else LARGE_OF_ONE
        self._places.take(claims.bearer, most)
        try:
            await self._app(request.scope, _counted(receive, MAX_BODY_BYTES), send)
        finally:
            self._places.leave(claims.bearer)


def _check_announced(request: Request, bound: int) -> None:
    announced = request.headers.get("content-length", "0")
    if not announced.isascii() or not announced.isdigit():
        raise Rejected("the content length is not a number", code="bad-request")
    if len(announced) > 12 or int(announced) > bound:
        raise _too_large(bound)


def _counted(receive: Receive, bound: int) -> Receive:
    received_bytes = 0

    async def counted() -> Message:
        nonlocal received_bytes
        message = await receive()
        if message["type"] == "http.request":
            received_bytes += len(message.get("body", b""))
            if received_bytes > bound:
                # Starlette's own type passes through FastAPI's reading of the body; any other becomes 400.
                raise HTTPException(413, str(_too_large(bound)))
        return message

    return counted


def _too_large(bound: int) -> Rejected:
    return Rejected(f"the body exceeds {bound} bytes", code="body-too-large", status=413)
