"""Keys and authorities rotated; a node added, and taken out again."""

from __future__ import annotations

import time
from typing import Final

from tests.machines.installation import Installation
from tests.machines.place import FOLDER
from tests.machines.steps import Steps, Wrong

FURTHER: Final = "edge3.example.org"
"""A node that comes later."""
RENEWED_WITHIN_S: Final = 180.0
MASTER: Final = (
    "runuser -u proctor-coordinator -- /opt/proctor/coordinator/current/bin/proctor-coordinator rotate-master"
    " --config /etc/proctor/coordinator.toml"
)
BROKEN_OFF: Final = (
    f"former=$({MASTER} status | sed -n '1s/^wraps: //p')"
    " && printf %s $former > /var/lib/proctor/replaced-master-key"
    f" && {MASTER} next --former $former --keep /var/lib/proctor/coordinator/former-master-first.key"
)
"""What the playbook has done of a rotation when it is broken off after the first step."""
ALL: Final = (
    "ca-prepare",
    "hub-keys",
    "ca-switch",
    "hub-keys",
    "ca-finish",
    "hub-certificates",
    "master-key",
)
"""Another authority takes over, and another master key."""
HELD: Final = (
    "ls -d /var/lib/proctor/edge /etc/proctor/edge.toml /etc/proctor/edge-secrets 2>/dev/null || true"
)


def rotated(installed: Installation, steps: Steps, *order: str) -> None:
    """Other keys take over, in this order. Those of the hub let nodes renew at once, which else takes
    hours."""
    for what in order:
        with steps.step(f"rotate {what}") as step:
            before = _certificates(installed)
            if what == "master-key":
                step.note(f"broken off after: {installed.centre.run(BROKEN_OFF).strip()}")
            installed.site.run("rotate", "-e", f"rotate={what}")
            if what == "hub-keys":
                step.note(f"{_renewed(installed, before)} nodes renewed")
            if what == "master-key":
                step.note(f"then gone on with: {installed.centre.run(f'{MASTER} status').strip()}")
    with steps.step("well after all rotations") as step:
        installed.site.run_unchanged("check")
        step.note(installed.arrived())


def _certificates(installed: Installation) -> set[str]:
    """The serial numbers of nodes' certificates."""
    return {str(one["serial"]) for one in installed.operate("nodes", "certificates")}


def _renewed(installed: Installation, before: set[str]) -> int:
    """Wait until every node has another certificate. Raises `Wrong`."""
    nodes, deadline = set(installed.nodes()), time.monotonic() + RENEWED_WITHIN_S
    while True:
        found = installed.operate("nodes", "certificates")
        renewed = {one["node_id"] for one in found if str(one["serial"]) not in before}
        if nodes <= renewed:
            return len(nodes)
        if time.monotonic() > deadline:
            raise Wrong(f"{sorted(nodes - renewed)} have not renewed")
        time.sleep(2)


def node_added_and_taken_out(three: Installation, steps: Steps) -> None:
    """A third node joins, an exam runs there, and it leaves with all that it held."""
    with steps.step("add-node") as step:
        added = three.boot(FURTHER)
        three.site.write(three.machines.values(), {"edge": [FURTHER]})
        step.note(f"{three.site.run('add-node', '--limit', FURTHER)} changes")
    ids = {machine.name: node for node, machine in three.nodes().items()}
    with steps.step("an exam on it") as step:
        for edge in three.example.edges:
            three.operate("nodes", "cordon", ids[edge])
        page = three.exam.seat("kim", FOLDER / "rehearsal/rehearsal.mkv")
        page.wait_until_it_flows()
        if three.exam.node_of(page) != ids[FURTHER]:
            raise Wrong("the session is not on the only node that takes one")
        step.note(three.exam.wait_until_reported(page))
        three.exam.end(page)
        for edge in three.example.edges:
            three.operate("nodes", "uncordon", ids[edge])
        step.note(three.arrived())
    with steps.step("decommission"):
        three.site.run("decommission", "--limit", FURTHER)
        if held := added.run(HELD):
            raise Wrong(f"left of the node: {held}")
        if ids[FURTHER] in three.nodes():
            raise Wrong("the node is not revoked")
    with steps.step("site without it"):
        added.shut_down()
        del three.machines[FURTHER]
        three.site.write(three.machines.values())
        three.site.run_unchanged("site")
