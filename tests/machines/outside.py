"""The world of candidates and staff: the machines' network, their names, and an authority to trust."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from tests.machines.network import WITHIN
from tests.machines.steps import Wrong

_NAMED: Final = ("unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"')


@dataclass(frozen=True, slots=True)
class Outside:
    """Runs programs there."""

    folder: Path
    url: str
    """The coordinator's."""
    authority: Path

    @property
    def hosts(self) -> Path:
        """The names of machines."""
        return self.folder / "hosts"

    def name(self, names: Iterable[tuple[str, str]]) -> None:
        """Give addresses names."""
        lines = [f"{address} {name}\n" for address, name in (("127.0.0.1", "localhost"), *names)]
        # Written in place: it is mounted where programs look.
        self.hosts.write_text("".join(lines))

    def ask(self, *command: str | Path, token: Path | None = None) -> str:
        """What a command prints. Raises `Wrong` with what it complains of."""
        ran = subprocess.run(
            self._command(command), env=self._environment(token), capture_output=True, text=True, check=False
        )
        if ran.returncode:
            raise Wrong(f"{' '.join(map(str, command))}: {ran.stdout}{ran.stderr}")
        return ran.stdout

    def start(self, log: IO[Any], *command: str | Path) -> subprocess.Popen[bytes]:
        """Start a program that writes into `log`."""
        return subprocess.Popen(
            self._command(command), env=self._environment(None), stdout=log, stderr=subprocess.STDOUT
        )

    def _command(self, command: Iterable[str | Path]) -> list[str]:
        return [*WITHIN, *_NAMED, str(self.hosts), *map(str, command)]

    def _environment(self, token: Path | None) -> dict[str, str]:
        known = os.environ | {"PROCTOR_URL": self.url, "SSL_CERT_FILE": str(self.authority)}
        return known if token is None else known | {"PROCTOR_TOKEN_FILE": str(token)}
