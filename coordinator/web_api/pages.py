"""The pages: the candidate's at /join and the proctors' console at /console.

Static files of this package, with nothing inline and nothing from other origins. The console uses the same
names of events, classes and advice as the reports: it imports them as `vocabulary.js`, which is generated
here. The console asks /console/bearer whose token it has: the claims of an external issuer do not say it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles

from coordinator.web_api.headers import console_policy, page_policy
from coordinator.web_api.security import bearer_of, verify_token
from shared.events.table import event_class
from shared.events.types import EventType
from shared.events.words import ACTION_NAMES, CLASS_NAMES, event_name
from shared.fields import format_utc

WEB: Final = Path(__file__).parents[1] / "web"
CANDIDATE: Final = WEB / "candidate"
CONSOLE: Final = WEB / "console"
NO_DEVICES: Final = "camera=(), microphone=(), geolocation=(), payment=(), usb=()"


def add_pages(app: FastAPI, public_url: str, signaling_urls: Callable[[], Iterable[str]]) -> None:
    """Serve the pages and their files.

    `signaling_urls` are the nodes' present addresses; the candidate's page may connect only to these.
    """

    async def candidate_page(_: Request) -> Response:
        policy = page_policy(public_url, signaling_urls())
        return FileResponse(CANDIDATE / "index.html", headers={"Content-Security-Policy": policy})

    async def console_page(_: Request) -> Response:
        headers = {"Content-Security-Policy": console_policy(public_url), "Permissions-Policy": NO_DEVICES}
        return FileResponse(CONSOLE / "index.html", headers=headers)

    async def words(_: Request) -> Response:
        return Response(vocabulary(), media_type="text/javascript")

    async def bearer(request: Request) -> Response:
        claims = await verify_token(request.app.state.parts, bearer_of(request))
        expires = None if claims.expires_utc is None else format_utc(claims.expires_utc)
        return JSONResponse({"subject": claims.subject, "role": claims.role, "expires_at": expires})

    app.add_route("/join", candidate_page, methods=["GET"], include_in_schema=False)
    app.mount("/join", StaticFiles(directory=CANDIDATE))
    app.add_route("/console", console_page, methods=["GET"], include_in_schema=False)
    app.add_route("/console/vocabulary.js", words, methods=["GET"], include_in_schema=False)
    app.add_route("/console/bearer", bearer, methods=["GET"], include_in_schema=False)
    app.mount("/console", StaticFiles(directory=CONSOLE))


def vocabulary() -> str:
    """A JavaScript module with the names that people read: EVENTS (with their class), CLASSES and ADVICE."""
    events = {event: {"name": event_name(event), "class": event_class(event)} for event in EventType}
    tables = {"EVENTS": events, "CLASSES": CLASS_NAMES, "ADVICE": ACTION_NAMES}
    return "".join(f"export const {name} = {json.dumps(table)};\n" for name, table in tables.items())
