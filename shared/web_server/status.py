"""Serves health and metrics on a separate port of the process that serves pages and API."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send


class ByPort:
    """An ASGI application that passes requests on the status port to `status`, and all others to `public`."""

    def __init__(self, public: ASGIApp, status: ASGIApp, status_port: int) -> None:
        self._public = public
        self._status = status
        self._status_port = status_port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # This is the port of our own socket, so a client cannot change it.
        inside = scope["type"] != "lifespan" and (scope.get("server") or ("", None))[1] == self._status_port
        await (self._status if inside else self._public)(scope, receive, send)
