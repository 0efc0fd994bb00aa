"""Everything on one machine: provisioned, an exam on it, looked at, booted again."""

from __future__ import annotations

import time
from typing import Final

from tests.machines import looks
from tests.machines.authority import write_certificates
from tests.machines.exam import open_exam
from tests.machines.outside import Outside
from tests.machines.place import FOLDER, Place, name_all
from tests.machines.provisioning import Provisioning
from tests.machines.recording import rehearsal
from tests.machines.steps import Steps

ADDRESS: Final = "10.99.0.11"
CENTRE, EDGE = "proctor.example.org", "edge1.example.org"
GROUPS: Final = ("postgres", "coordinator", "nats", "turn", "edge", "monitoring")
STAYS_UP_FOR_S: Final = 90.0
"""Longer than the watchdog of its units, and than what libraries do a while after their start."""


def one_machine(place: Place, steps: Steps) -> None:
    """Provision one empty machine, hold an exam on it, and look at it."""
    folder = FOLDER / "one-machine"
    write_certificates(folder / "certificates", (CENTRE, EDGE))
    outside = Outside(folder, f"https://{CENTRE}", folder / "certificates/authority.pem")
    with steps.step("boot"):
        machine = place.boot(CENTRE, ADDRESS)
        outside.name(name_all([machine], [(ADDRESS, EDGE)]))
    site = Provisioning(
        folder, [machine], {"package_links": f"{place.files}/wheels", "turn_peers": [ADDRESS]}
    )
    with steps.step("site on an empty machine") as step:
        step.note(f"{site.run('site')} changes")
    with steps.step("it stays up") as step:
        time.sleep(STAYS_UP_FOR_S)
        step.note(looks.units(machine, GROUPS))
    with steps.step("site once more"):
        site.run_unchanged("site")
    with steps.step("site in check mode"):
        site.run_unchanged("site", "--check")
    with steps.step("ports and hardening") as step:
        step.note(looks.ports(machine, GROUPS, cluster=False, monitored=False))
        step.note(looks.hardening(machine, GROUPS))
    with steps.step("settings as their programs judge them") as step:
        step.note(looks.settings(machine, GROUPS))
    with steps.step("the recording of an exam"):
        script = rehearsal(FOLDER / "rehearsal")
    exam = open_exam(outside, FOLDER / "rehearsal", machine)
    place.opened.callback(exam.close)
    with steps.step("an exam through TLS, and one by the relay only") as step:
        exam.enroll("ada")
        page = exam.seat("ada", FOLDER / "rehearsal/rehearsal.mkv")
        relayed = exam.seat("eve", FOLDER / "rehearsal/rehearsal.mkv", "--relay")
        for one in (page, relayed):
            one.wait_until_it_flows()
        page.program.wait(300)
        relayed.program.wait(300)
        exam.end_both(page, relayed, script, step)
    with steps.step("dashboards and rules") as step:
        step.note(looks.panels(machine, "127.0.0.1:8091"))
        step.note(
            machine.run("promtool check rules /etc/prometheus/proctor.rules.yml").strip().splitlines()[-1]
        )
    with steps.step("doctor") as step:
        site.run_unchanged("doctor")
        told = (folder / "doctor" / f"{CENTRE}.txt").read_text()
        step.note(f"{len(told.splitlines())} lines")
    with steps.step("booted again") as step:
        machine.shut_down()
        machine.boot()
        site.run_unchanged("check")
        step.note(looks.units(machine, GROUPS))
        made, missing = looks.lost({exam.node_of(page): machine}, machine)
        step.note(f"{made} alerts made, {missing} of them not stored")
