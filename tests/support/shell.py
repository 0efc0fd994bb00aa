"""`proctorctl` as a person types it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from typing import Any, Final

from shared.tokens import Role
from tests.support.exam_site import Site

MAIN: Final = "from cli.main import main; main()"
"""`proctorctl`, for a Python of its own."""


class Shell:
    """One person's shell, signed in to a served site (`served`)."""

    def __init__(self, site: Site, socket_url: str, who: str, role: Role = Role.PROCTOR) -> None:
        url = socket_url.replace("ws://", "http://").removesuffix("/ws")
        token = site.token(role, who)
        self.environment = os.environ | {"PROCTOR_URL": url, "PROCTOR_TOKEN": token, "COLUMNS": "200"}

    async def run(self, *words: str) -> tuple[int, str, str]:
        """Exit code and what came out."""
        command = [sys.executable, "-c", MAIN, *words]
        done = await asyncio.to_thread(
            subprocess.run, command, env=self.environment, capture_output=True, text=True, timeout=50
        )
        return done.returncode, done.stdout, done.stderr

    async def data(self, *words: str) -> Any:
        """What came out as JSON of a command that did as asked."""
        code, out, err = await self.run(*words, "-o", "json")
        assert code == 0, err
        return json.loads(out)
