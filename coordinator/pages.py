"""The candidate's page: files beside this program. Nothing in it is inline, nothing comes from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

from coordinator.headers import page_policy

FOLDER: Final = Path(__file__).parent / "web" / "candidate"


def add_pages(app: FastAPI, public_url: str, signaling_urls: Callable[[], Iterable[str]]) -> None:
    """Serve the page at /join and its files below.

    `signaling_urls` are the nodes' addresses of the moment; the page may connect to those alone.
    """

    async def candidate_page(_: Request) -> Response:
        policy = page_policy(public_url, signaling_urls())
        return FileResponse(FOLDER / "index.html", headers={"Content-Security-Policy": policy})

    app.add_route("/join", candidate_page, methods=["GET"], include_in_schema=False)
    app.mount("/join", StaticFiles(directory=FOLDER))
