"""An installation of several machines, as an example has it: its machines, their nodes, an exam."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from tests.machines import looks
from tests.machines.exam import Exam
from tests.machines.machine import Machine
from tests.machines.outside import Outside
from tests.machines.place import FOLDER, Place, name_all
from tests.machines.provisioning import ANSIBLE, Provisioning
from tests.machines.steps import Wrong

CENTRE: Final = "proctor.example.org"
"""Where everybody reaches the coordinator, and its machine where there is only one."""
_NETWORK: Final = "10.99.0.{}"
_FIRST: Final = 21
ARRIVES_WITHIN_S: Final = 180.0
OPERATOR: Final = "proctor-operator"


@dataclass(frozen=True, slots=True)
class Example:
    """An example inventory, and machines that come later."""

    name: str
    groups: dict[str, tuple[str, ...]]
    """Of each machine, in the order of the inventory."""
    further: tuple[str, ...] = ()

    @property
    def addresses(self) -> dict[str, str]:
        """Where each machine is."""
        names = enumerate((*self.groups, *self.further), _FIRST)
        return {name: _NETWORK.format(last) for last, name in names}

    def of(self, group: str) -> tuple[str, ...]:
        """The machines of a group."""
        return tuple(name for name, groups in self.groups.items() if group in groups)

    @property
    def edges(self) -> tuple[str, ...]:
        """The machines with a node."""
        return self.of("edge")

    @property
    def more_names(self) -> tuple[tuple[str, str], ...]:
        """Of several coordinators, the addresses to which their common name leads."""
        return () if CENTRE in self.groups else self.common(*self.of("coordinator"))

    def common(self, *names: str) -> tuple[tuple[str, str], ...]:
        """The common name of coordinators, leading to these machines only."""
        return tuple((self.addresses[name], CENTRE) for name in names)

    @property
    def folder(self) -> Path:
        """What belongs to the installation on the control host."""
        return FOLDER / self.name


def example(name: str, *further: str) -> Example:
    """The example inventory of this name."""
    listed = yaml.safe_load((ANSIBLE / "inventories" / name / "hosts.yml").read_text())["all"]
    children = listed["children"].items()
    groups = {
        machine: tuple(group for group, has in children if machine in has["hosts"])
        for machine in listed["hosts"]
    }
    return Example(name, groups, further)


@dataclass(slots=True)
class Installation:
    """What its steps share."""

    example: Example
    place: Place
    outside: Outside
    machines: dict[str, Machine]
    site: Provisioning
    exam: Exam
    centre_name: str
    """The coordinator's machine on which operators work."""

    @property
    def folder(self) -> Path:
        """What belongs to it on the control host."""
        return self.example.folder

    @property
    def centre(self) -> Machine:
        """The coordinator's machine, which is another one after a restore."""
        return self.machines[self.centre_name]

    def first(self, group: str) -> Machine:
        """The first machine of a group."""
        return self.machines[self.example.of(group)[0]]

    def boot(self, name: str) -> Machine:
        """An empty machine of this name, known to all."""
        self.machines[name] = self.place.boot(name, self.example.addresses[name])
        acquaint(self.outside, self.machines.values(), self.example.more_names)
        return self.machines[name]

    def operate(self, *command: str) -> Any:
        """What `proctorctl` answers to an operator on the coordinator's machine."""
        return json.loads(self.centre.run(" ".join([OPERATOR, *command, "-o", "json"])))

    def nodes(self) -> dict[str, Machine]:
        """The machines of nodes by the ids of these; not of nodes that are revoked."""
        found = [one for one in self.operate("nodes", "list") if one["revoked_at"] is None]
        return {one["node_id"]: self.machines[one["name"]] for one in found if one["name"] in self.machines}

    def arrived(self) -> str:
        """Wait until every alert that nodes have made is stored. Raises `Wrong`."""
        nodes, deadline = self.nodes(), time.monotonic() + ARRIVES_WITHIN_S
        while True:
            made, missing = looks.lost(nodes, self.first("postgres"))
            if not missing:
                return f"{made} alerts made by {len(nodes)} nodes, all of them stored"
            if time.monotonic() > deadline:
                raise Wrong(f"{missing} of {made} alerts are not stored")
            time.sleep(2)


def acquaint(outside: Outside, machines: Iterable[Machine], more: Iterable[tuple[str, str]]) -> None:
    """Let all know one another by name, and by more names."""
    outside.name(name_all(machines, more))
