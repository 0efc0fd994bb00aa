"""Two coordinators on one database, on three machines: provisioned, exams on them, one of them away."""

from __future__ import annotations

import shutil
import time
from typing import Final

from tests.machines import changing, looks
from tests.machines.beginning import RECORDING, examined, provisioned
from tests.machines.installation import Installation, example
from tests.machines.machine import SHARED
from tests.machines.one_machine import STAYS_UP_FOR_S
from tests.machines.place import FOLDER, Place
from tests.machines.steps import Steps, Wrong

SERVED: Final = "systemctl is-active proctor-coordinator || true"
KEYS: Final = (
    "cd /var/lib/proctor/coordinator && files=$(ls *.key *.pem *.state | grep -v ^former-master-)"
    " && stat -c '%n %a %U' $files && sha256sum $files"
)
"""The former master key stays where its rotation began."""


def two_coordinators(place: Place, steps: Steps) -> None:
    """Provision three empty machines, hold exams on them, and let one coordinator be away during one."""
    shutil.rmtree(FOLDER / "shared", ignore_errors=True)
    folders = {"backup_target": f"{SHARED}/backups", "coordinator_audit_archive": f"{SHARED}/audit"}
    two = provisioned(place, steps, example("two-coordinators"), **folders)
    with steps.step("they stay up") as step:
        time.sleep(STAYS_UP_FOR_S)
        for name, machine in two.machines.items():
            step.note(looks.units(machine, two.example.groups[name]))
        step.note(_keys(two))
    with steps.step("site once more"):
        two.site.run_unchanged("site")
    with steps.step("site in check mode"):
        two.site.run_unchanged("site", "--check")
    examined(two, steps)
    _first_one_away(two, steps)
    _rotated(two, steps)


def _keys(two: Installation) -> str:
    """Both have the same keys. Raises `Wrong`."""
    told = {two.machines[name].run(KEYS) for name in two.example.of("coordinator")}
    if len(told) != 1:
        raise Wrong(f"the coordinators' keys are not the same: {told}")
    [same] = told
    return f"{same.count(' 600 proctor-coordinator')} files of keys, the same on both"


def _first_one_away(two: Installation, steps: Steps) -> None:
    """The first coordinator's daemon is stopped while an exam runs: the other one does all."""
    first, second = two.example.of("coordinator")
    exam = two.exam
    with steps.step(f"an exam, and the coordinator of {first} stopped") as step:
        page = exam.seat("kay", RECORDING)
        page.wait_until_it_flows()
        two.machines[first].run("systemctl stop proctor-coordinator")
        two.centre_name = second
        # As a balancer does, which asks for /readyz.
        known = [(machine.address, machine.name) for machine in two.machines.values()]
        two.outside.name([*known, *two.example.common(second)])
        step.note(exam.wait_until_reported(page))
        later = exam.seat("lee", RECORDING)
        later.wait_until_it_flows()
        step.note(f"another one has begun; {exam.wait_until_reported(later)}")
        if two.machines[first].run(SERVED).strip() != "inactive":
            raise Wrong(f"the coordinator of {first} runs")
        step.note(two.arrived())
    with steps.step("it is started again") as step:
        two.machines[first].run("systemctl start proctor-coordinator")
        two.centre_name = first
        two.outside.name([*known, *two.example.more_names])
        two.site.run_unchanged("check")
        for one in (page, later):
            exam.end(one)
        step.note(two.arrived())


def _rotated(two: Installation, steps: Steps) -> None:
    """Other keys, at both."""
    changing.rotated(two, steps, "ca-prepare", "hub-keys", "signing-prepare", "signing-switch", "master-key")
    with steps.step("the keys of both") as step:
        step.note(_keys(two))
    with steps.step("site after the rotations"):
        two.site.run_unchanged("site")
