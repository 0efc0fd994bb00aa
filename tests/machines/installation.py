"""The installation of the example `three-machines`: its machines, their nodes, an exam, what a run shares."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.machines import looks
from tests.machines.exam import Exam
from tests.machines.machine import Machine
from tests.machines.outside import Outside
from tests.machines.place import FOLDER, Place, name_all
from tests.machines.provisioning import Provisioning
from tests.machines.steps import Wrong

CENTRE: Final = "proctor.example.org"
EDGES: Final = ("edge1.example.org", "edge2.example.org")
FURTHER: Final = "edge3.example.org"
"""A node that comes later."""
ADDRESSES: Final = {
    CENTRE: "10.99.0.21",
    EDGES[0]: "10.99.0.22",
    EDGES[1]: "10.99.0.23",
    FURTHER: "10.99.0.24",
}
GROUPS: Final = {
    CENTRE: ("postgres", "coordinator", "nats", "turn", "monitoring"),
    **dict.fromkeys(EDGES, ("edge", "nats")),
    FURTHER: ("edge",),
}
ARRIVES_WITHIN_S: Final = 180.0
OPERATOR: Final = "proctor-operator"


@dataclass(slots=True)
class Installation:
    """What its steps share."""

    place: Place
    folder: Path
    outside: Outside
    machines: dict[str, Machine]
    site: Provisioning
    exam: Exam

    @property
    def centre(self) -> Machine:
        """The coordinator's machine, which is another one after a restore."""
        return self.machines[CENTRE]

    def boot(self, name: str) -> Machine:
        """An empty machine of this name, known to all."""
        self.machines[name] = self.place.boot(name, ADDRESSES[name])
        acquaint(self.outside, self.machines.values())
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
            made, missing = looks.lost(nodes, self.centre)
            if not missing:
                return f"{made} alerts made by {len(nodes)} nodes, all of them stored"
            if time.monotonic() > deadline:
                raise Wrong(f"{missing} of {made} alerts are not stored")
            time.sleep(2)


def acquaint(outside: Outside, machines: Iterable[Machine]) -> None:
    """Let all know one another by name."""
    outside.name(name_all(machines, []))


def folder() -> Path:
    """What belongs to the installation on the control host."""
    return FOLDER / "three-machines"
