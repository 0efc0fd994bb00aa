"""`proctorctl` as a person types it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from cli.main import main
from shared.tokens import Role
from tests.support.exam_site import Site
from tests.support.forks import FORKS

MAIN: Final = "from cli.main import main; main()"
"""`proctorctl`, for a Python of its own."""
LONGEST_S: Final = 50.0


class Shell:
    """One person's shell, signed in to a served site (`served`)."""

    def __init__(self, site: Site, socket_url: str, who: str, role: Role = Role.PROCTOR) -> None:
        url = socket_url.replace("ws://", "http://").removesuffix("/ws")
        token = site.token(role, who)
        self.environment = os.environ | {"PROCTOR_URL": url, "PROCTOR_TOKEN": token, "COLUMNS": "200"}

    async def run(self, *words: str) -> tuple[int, str, str]:
        """Exit code and what came out."""
        return await asyncio.to_thread(_run, words, self.environment)

    async def data(self, *words: str) -> Any:
        """What came out as JSON of a command that did as asked."""
        code, out, err = await self.run(*words, "-o", "json")
        assert code == 0, err
        return json.loads(out)


def _run(words: tuple[str, ...], environment: dict[str, str]) -> tuple[int, str, str]:
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        command = FORKS.Process(target=_command, args=(words, environment, Path.cwd(), out, err))
        command.start()
        command.join(LONGEST_S)
        assert command.exitcode is not None, f"not done in {LONGEST_S:g} s: {words}"
        code = command.exitcode
        command.close()
        return code, out.read_text(), err.read_text()


def _command(words: tuple[str, ...], environment: dict[str, str], folder: Path, out: Path, err: Path) -> None:
    """`proctorctl` in a process that has only imported it: what the process says goes to two files."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    sys.argv = ["proctorctl", *words]
    main()
