"""Runs the playbooks on machines, with an inventory of theirs over one of the examples."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import yaml

from models.store import weights_folder
from tests.machines.machine import Machine
from tests.machines.network import WITHIN
from tests.machines.steps import Wrong

REPOSITORY: Final = Path(__file__).parents[2]
ANSIBLE: Final = REPOSITORY / "ansible"
PROGRAM: Final = REPOSITORY / ".tools/ansible/bin/ansible-playbook"
LOCKS: Final = ("uv", "coordinator", "edge-cpu")
_RECAP: Final = re.compile(r"^\S+ +: ok=\d+ +changed=(\d+) ", re.MULTILINE)
_TASK: Final = re.compile(r"^(?:TASK|RUNNING HANDLER) \[(.*)\] \*+$|^changed: \[([^\]\s]+)", re.MULTILINE)


def wheels(folder: Path) -> None:
    """Fetch all locked wheels of this machine's package index, once."""
    folder.mkdir(parents=True, exist_ok=True)
    for lock in LOCKS:
        wanted, fetched = REPOSITORY / "requirements" / f"{lock}.lock", folder / f"{lock}.lock"
        if fetched.exists() and fetched.read_bytes() == wanted.read_bytes():
            continue
        # uv goes by a lock where pip would refuse a package for a later Python's sake.
        how = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--ignore-requires-python"]
        pip = [str(REPOSITORY / ".tools/bin/python"), "-m", "pip", "download", "-q", *how]
        subprocess.run([*pip, "-r", str(wanted), "-d", str(folder)], check=True)
        shutil.copy(wanted, fetched)


def newer_package(folder: Path) -> Path:
    """The package of this checkout under a later version, as if it were the next release."""
    shutil.rmtree(folder, ignore_errors=True)
    listed = ["git", "-C", str(REPOSITORY), "ls-files"]
    for name in subprocess.run(listed, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines():
        if (REPOSITORY / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, folder / name)
    project = folder / "pyproject.toml"
    project.write_text(re.sub(r'(?m)^version = "(.*)"$', r'version = "\1.post1"', project.read_text()))
    for needed in (".tools", ".venv"):
        (folder / needed).symlink_to(REPOSITORY / needed)
    subprocess.run([folder / "requirements/package.sh"], check=True, stdout=subprocess.DEVNULL)
    return folder / "build/package"


def changes(told: str) -> list[str]:
    """What a run changed, as `machine: task`."""
    found: list[str] = []
    task = ""
    for named, machine in _TASK.findall(told):
        task = named or task
        what = f"{machine}: {task}"
        if machine and what not in found[-1:]:
            found.append(what)
    return found


class Provisioning:
    """An inventory of the given machines, over the example that is called as `folder` is."""

    def __init__(self, folder: Path, machines: Iterable[Machine], settings: dict[str, Any]) -> None:
        """`settings`: variables that differ from those of the example."""
        self.folder = folder
        self.log = folder / "log"
        self.changed: list[str] = []
        """What the last run changed, as `machine: task`."""
        self._example = ANSIBLE / "inventories" / folder.name
        self._settings = settings | {
            "common_clock": False,  # a container has the clock of its host
            "common_trusted_authorities": ["{{ inventory_dir }}/certificates/authority.pem"],
            "edge_weights_archive": str(_weights(folder.parent)),
        }
        folder.mkdir(parents=True, exist_ok=True)
        self.log.write_text("")
        self.write(machines)

    def write(
        self, machines: Iterable[Machine], more: dict[str, list[str]] | None = None, **settings: Any
    ) -> None:
        """Write the inventory. `more`: groups and names of machines that the example does not have."""
        self._settings |= settings
        hosts = yaml.safe_load((self._example / "hosts.yml").read_text())
        for group, names in (more or {}).items():
            hosts["all"]["children"][group]["hosts"] |= dict.fromkeys(names)
        known = hosts["all"]["hosts"]
        hosts["all"]["hosts"] = {
            machine.name: (known.get(machine.name) or {})
            | {
                "ansible_host": machine.address,
                "ansible_ssh_private_key_file": str(machine.key),
                "ansible_ssh_common_args": " ".join(machine.ssh_options[2:]),
            }
            for machine in machines
        }
        (self.folder / "hosts.yml").write_text(yaml.safe_dump(hosts))
        chosen = yaml.safe_load((self._example / "group_vars/all.yml").read_text()) | self._settings
        (self.folder / "group_vars").mkdir(exist_ok=True)
        (self.folder / "group_vars/all.yml").write_text(yaml.safe_dump(chosen))

    def run(self, playbook: str, *options: str) -> int:
        """Run a playbook; gives how many things it changed. Raises `Wrong`."""
        failed, told = self._ran(playbook, options)
        if failed:
            raise Wrong(f"{playbook} failed; the end of {self.log}:\n{told[-6000:]}")
        self.changed = changes(told)
        return sum(map(int, _RECAP.findall(told)))

    def run_failing(self, playbook: str, *options: str) -> str:
        """Run a playbook that has to fail; gives what it says. Raises `Wrong` if it does not."""
        failed, told = self._ran(playbook, options)
        if not failed:
            raise Wrong(f"{playbook} {' '.join(options)} did not fail")
        return told

    def _ran(self, playbook: str, options: tuple[str, ...]) -> tuple[bool, str]:
        """Whether it failed, and what it said."""
        asked = [*WITHIN, str(PROGRAM), "-i", str(self.folder / "hosts.yml")]
        asked += [str(ANSIBLE / "playbooks" / f"{playbook}.yml"), *options]
        environment = os.environ | {
            "ANSIBLE_CONFIG": str(ANSIBLE / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
            # A connection to a machine of a former run may still be kept.
            "ANSIBLE_SSH_CONTROL_PATH": f"%(directory)s/{os.getpid()}-%%C",
            "ANSIBLE_CALLBACKS_ENABLED": "ansible.posix.profile_tasks",  # how long each task took
        }
        began = self.log.stat().st_size
        with self.log.open("a") as log:
            log.write(f"\n#### {playbook} {' '.join(options)}\n")
            log.flush()
            ran = subprocess.run(asked, stdout=log, stderr=subprocess.STDOUT, env=environment, check=False)
        return ran.returncode != 0, self.log.read_bytes()[began:].decode(errors="replace")

    def run_unchanged(self, playbook: str, *options: str) -> None:
        """Run a playbook that has nothing to do. Raises `Wrong` if it changed something."""
        if count := self.run(playbook, *options):
            raise Wrong(f"{playbook} changed {count} things, although nothing was to change: {self.changed}")


def _weights(folder: Path) -> Path:
    archived = folder / "weights.tar"
    subprocess.run(["tar", "-C", str(weights_folder()), "-cf", str(archived), "."], check=True)
    return archived
