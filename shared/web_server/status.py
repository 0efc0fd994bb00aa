"""Health and metrics on a port of their own, beside the pages and the API of the same process."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send


class ByPort:
    """ASGI application: what comes in on the status port is answered by `status`, all else by `public`."""

    def __init__(self, public: ASGIApp, status: ASGIApp, status_port: int) -> None:
        self._public = public
        self._status = status
        self._status_port = status_port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # The port is that of our own socket; nothing a client sends changes it.
        inside = scope["type"] != "lifespan" and (scope.get("server") or ("", None))[1] == self._status_port
        await (self._status if inside else self._public)(scope, receive, send)
