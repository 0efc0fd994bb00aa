"""People who review, as the coordinator hears them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx

from shared.tokens import Role
from tests.support.exam_site import Site

TEXT: Final = {"text": "Because of what is to be seen."}


class Reviewers:
    """What people ask of a site, each under their own name."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def do(self, who: str, path: str, body: Any = None, role: Role = Role.PROCTOR) -> httpx.Response:
        return await self.site.post(path, body, headers=self.site.bearer(role, who))

    async def get(self, path: str, role: Role = Role.PROCTOR, who: str = "ann") -> Any:
        response = await self.site.get(path, headers=self.site.bearer(role, who))
        assert response.status_code == 200, response.text
        return response.json()


def code(response: httpx.Response) -> tuple[int, str]:
    """The status, and the refusal's code or the incident's new state."""
    return response.status_code, response.json().get("code", response.json().get("state"))


def later(site: Site, seconds: float = 11.0) -> None:
    """Let the coordinator decide later from now on; by default, when a verdict of now is in effect."""
    site.at(datetime.now(UTC) + timedelta(seconds=seconds))
