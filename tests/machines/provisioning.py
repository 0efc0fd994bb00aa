"""Runs the playbooks on a machine, with an inventory of its own over one of the examples."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import yaml

from models.store import weights_folder
from tests.machines.machine import Machine
from tests.machines.network import WITHIN

REPOSITORY: Final = Path(__file__).parents[2]
PLAYBOOKS: Final = REPOSITORY / "ansible" / "playbooks"
PROGRAM: Final = REPOSITORY / ".tools/ansible/bin/ansible-playbook"
LOCKS: Final = ("uv", "coordinator", "edge-cpu")
_RECAP: Final = re.compile(r"^\S+ +: ok=\d+ +changed=(\d+) ", re.MULTILINE)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""


@contextmanager
def served(address: str, port: int, folder: Path) -> Iterator[str]:
    """Serve a folder to the machines; gives its URL."""
    server = ThreadingHTTPServer((address, port), partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{address}:{port}"
    finally:
        server.shutdown()
        server.server_close()


def wheels(folder: Path) -> None:
    """Fetch all locked wheels of this machine's package index; what is there already is not fetched again."""
    folder.mkdir(parents=True, exist_ok=True)
    for lock in LOCKS:
        # uv goes by a lock where pip would refuse a package for a later Python's sake.
        how = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--ignore-requires-python"]
        what = ["-r", str(REPOSITORY / "requirements" / f"{lock}.lock"), "-d", str(folder)]
        subprocess.run(
            [REPOSITORY / ".tools/bin/python", "-m", "pip", "download", "-q", *how, *what], check=True
        )


class Provisioning:
    """The example `one-machine` on a machine."""

    def __init__(self, folder: Path, target: Machine, files: str) -> None:
        """`files`: URL of a folder with wheels."""
        self._target = target
        self._inventory = folder / "hosts.yml"
        example = REPOSITORY / "ansible/inventories" / folder.name
        shutil.copy(example / "hosts.yml", self._inventory)
        settings = yaml.safe_load((example / "group_vars/all.yml").read_text())
        settings |= {
            "ansible_host": target.address,
            "ansible_ssh_private_key_file": str(target.key),
            "ansible_ssh_common_args": " ".join(target.ssh_options[2:]),
            "common_clock": False,  # a container has the clock of its host
            "common_trusted_authorities": ["{{ inventory_dir }}/certificates/authority.pem"],
            "package_links": f"{files}/wheels",
        }
        archived = folder.parent / "weights.tar"
        subprocess.run(["tar", "-C", str(weights_folder()), "-cf", str(archived), "."], check=True)
        settings["edge_weights_archive"] = str(archived)
        (folder / "group_vars").mkdir(exist_ok=True)
        (folder / "group_vars/all.yml").write_text(yaml.safe_dump(settings))

    def run(self, playbook: str, *options: str) -> int:
        """Run a playbook; gives how many things it changed. Raises RuntimeError with all that it printed."""
        asked = [
            *WITHIN,
            str(PROGRAM),
            "-i",
            str(self._inventory),
            str(PLAYBOOKS / f"{playbook}.yml"),
            *options,
        ]
        environment = os.environ | {
            "ANSIBLE_CONFIG": str(PLAYBOOKS.parent / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
        }
        ran = subprocess.run(
            asked, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, check=False
        )
        if ran.returncode:
            raise RuntimeError(f"{playbook} failed:\n{ran.stdout}")
        return sum(map(int, _RECAP.findall(ran.stdout)))

    def look(self) -> str:
        """How the installation is: units, open ports, nodes, and the hardening of each unit."""
        return "\n".join(map(self._target.run, _LOOKS))


_LOOKS: Final = (
    "systemctl --failed --no-legend --plain; systemctl is-active nats proctor-coordinator proctor-edge nginx",
    "ss -H -tuln | awk '{print $1, $5}' | sort -u",
    "systemd-analyze security --no-pager nats proctor-coordinator proctor-edge | grep -i overall",
)
