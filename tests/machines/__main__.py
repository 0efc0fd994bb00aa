"""Machines to try the playbooks on: Debian 12 in containers that boot with systemd. Needs root.

    python -m tests.machines            site on one machine, its health, and site again, which changes nothing
    python -m tests.machines --keep     the same, and leave the machine running until Ctrl-C

network        a namespace of their own without a way out; this machine is reached over one pair of interfaces
archive        what they are given of Debian's archive: a proxy on this machine that keeps what it fetched
machine        one machine: a copy-on-write layer over a common root, booted, reached by ssh
authority      certificates of an authority that only the machines trust
provisioning   an inventory of theirs, and playbooks run on it
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from tests.machines.archive import archive
from tests.machines.authority import write_certificates
from tests.machines.machine import common_root, machine
from tests.machines.network import GATEWAY, HERE, network
from tests.machines.provisioning import Provisioning, served, wheels

FOLDER: Final = Path("build/machines").absolute()
ADDRESS: Final = "10.99.0.11"
NAMES: Final = ("proctor.example.org", "edge1.example.org")
ARCHIVE_PORT: Final = 3142
FILES_PORT: Final = 3143


@contextmanager
def step(what: str) -> Iterator[None]:
    """Say what is done and how long it took."""
    say(f"{what} …")
    began = time.monotonic()
    yield
    say(f"{what}: {time.monotonic() - began:.0f} s")


def say(text: str) -> None:
    """Print it at once."""
    print(text, flush=True)  # noqa: T201


def one_machine(keep: bool) -> None:
    """Provision one empty machine, look at it, and provision it again."""
    with ExitStack() as opened:
        with step("the common root, and the packages for it"):
            root = common_root(FOLDER)
            wheels(FOLDER / "files" / "wheels")
        opened.enter_context(network())
        proxy = opened.enter_context(archive(HERE, ARCHIVE_PORT, FOLDER / "archive"))
        files = opened.enter_context(served(HERE, FILES_PORT, FOLDER / "files"))
        write_certificates(FOLDER / "one-machine" / "certificates", NAMES)
        with step("boot"):
            booted = opened.enter_context(machine(root, FOLDER, NAMES[0], ADDRESS, GATEWAY, proxy))
            booted.write("/etc/hosts", f"127.0.0.1 localhost\n{ADDRESS} {' '.join(NAMES)}\n")
        site = Provisioning(FOLDER / "one-machine", booted, files)
        with step("site on an empty machine"):
            site.run("site")
        with step("health"):
            say(site.look())
        with step("site once more"):
            changed = site.run("site")
        if changed:
            sys.exit(f"the second run changed {changed} things, although nothing was to change")
        with step("site in check mode"):
            site.run("site", "--check")
        if keep:
            say(f"the machine is at {ADDRESS}; Ctrl-C ends it")
            time.sleep(1e6)


def main() -> None:
    """Run what the command line asks for."""
    arguments = argparse.ArgumentParser(description="Try the playbooks on real machines.")
    arguments.add_argument("--keep", action="store_true", help="leave the machine running until Ctrl-C")
    if os.geteuid() != 0:
        sys.exit("machines boot in containers, which needs root")
    one_machine(arguments.parse_args().keep)


if __name__ == "__main__":
    main()
