"""Where machines stand: their common root, network, archive of packages, wheels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.machines.archive import archive
from tests.machines.files import served
from tests.machines.machine import Machine, common_root, machine
from tests.machines.network import HERE, network
from tests.machines.provisioning import wheels
from tests.machines.steps import Steps

FOLDER: Final = Path("build/machines").absolute()
ARCHIVE_PORT: Final = 3142
FILES_PORT: Final = 3143


@dataclass(frozen=True, slots=True)
class Place:
    """Boots machines there, which end with it."""

    root: Path
    proxy: str
    files: str
    opened: ExitStack

    def boot(self, name: str, address: str) -> Machine:
        """An empty machine."""
        return self.opened.enter_context(machine(self.root, FOLDER, name, address, self.proxy))


@contextmanager
def place(steps: Steps) -> Iterator[Place]:
    """Open it; what it needs is fetched once and kept."""
    with ExitStack() as opened:
        with steps.step("the common root, and the packages for it"):
            root = common_root(FOLDER)
            wheels(FOLDER / "files" / "wheels")
        opened.enter_context(network())
        proxy = opened.enter_context(archive(HERE, ARCHIVE_PORT, FOLDER / "archive"))
        files = opened.enter_context(served(HERE, FILES_PORT, FOLDER / "files"))
        yield Place(root, proxy, files, opened)


def name_all(machines: Iterable[Machine], more: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Let machines know one another by name; gives addresses and names."""
    machines = list(machines)
    known = [*((each.address, each.name) for each in machines), *more]
    lines = "".join(f"{address} {name}\n" for address, name in [("127.0.0.1", "localhost"), *known])
    for each in machines:
        each.write("/etc/hosts", lines)
    return known
