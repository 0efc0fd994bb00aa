"""Security headers on every answer, and the origins that may call."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

API_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"
_ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(self), geolocation=(), payment=(), usb=()",
}
_HSTS: Final = "max-age=31536000; includeSubDomains"


class SecurityHeaders:
    """ASGI layer that adds headers an answer does not set itself; by default answers must not be cached."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        self._defaults = {
            **_ALWAYS,
            "Content-Security-Policy": API_POLICY,
            "Cache-Control": "no-store",
            **({"Strict-Transport-Security": _HSTS} if https else {}),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._defaults.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)


def page_policy(public_url: str, signaling_urls: Iterable[str]) -> str:
    """The content security policy of the candidate's page.

    Nothing inline and nothing from other origins; it may connect to the coordinator and to the nodes'
    signaling.
    """
    reachable = sorted({socket_origin(public_url), *map(socket_origin, signaling_urls)})
    return _own_page(
        "img-src 'self' data: blob:",
        "media-src 'self' blob: mediastream:",
        f"connect-src 'self' {' '.join(reachable)}",
    )


def console_policy(public_url: str) -> str:
    """The content security policy of the proctors' console.

    Like the candidate's, without media and nodes; and no module may turn text into markup or script.
    """
    return _own_page(
        "img-src 'self' data:",
        f"connect-src 'self' {socket_origin(public_url)}",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )


def reading_policy() -> str:
    """The content security policy of a page that is only read: no script, and nothing from elsewhere."""
    return "; ".join(
        (
            "default-src 'none'",
            "style-src 'self'",
            "img-src data:",
            "form-action 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def _own_page(*more: str) -> str:
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            *more,
            "form-action 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def socket_origin(url: str) -> str:
    """The WebSocket origin of a URL: `https://host/path` and `wss://host/x` both give `wss://host`."""
    parts = urlsplit(url)
    scheme = "wss" if parts.scheme in ("https", "wss") else "ws"
    return f"{scheme}://{parts.netloc}"


def socket_url(public_url: str, path: str) -> str:
    """A WebSocket URL under the public one."""
    return "ws" + public_url.removeprefix("http") + path


def allowed_origin(origin: str | None, public_url: str, allowed: Iterable[str]) -> bool:
    """Whether a socket from this Origin may open; programs other than browsers send none."""
    return origin is None or origin in {public_url_origin(public_url), *map(public_url_origin, allowed)}


def public_url_origin(url: str) -> str:
    """The Origin a browser sends for pages of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
