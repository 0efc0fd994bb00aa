"""How an installation of several machines begins: provisioned, looked at, an exam on it."""

from __future__ import annotations

import json
import shutil
import time
from typing import Any, Final

from tests.machines import looks, returning
from tests.machines.authority import write_certificates
from tests.machines.exam import PROCTORCTL, open_exam
from tests.machines.installation import CENTRE, Example, Installation, acquaint
from tests.machines.one_machine import STAYS_UP_FOR_S
from tests.machines.outside import Outside
from tests.machines.place import FOLDER, Place
from tests.machines.provisioning import Provisioning
from tests.machines.recording import rehearsal
from tests.machines.steps import Steps, Wrong

RECORDING: Final = FOLDER / "rehearsal/rehearsal.mkv"
EXAM_ENDS_WITHIN_S: Final = 300.0


def provisioned(place: Place, steps: Steps, example: Example, **settings: Any) -> Installation:
    """From empty machines to a running installation; an exam is made, and nobody sits it yet. `settings`:
    variables that differ from those of the example, and from those of all."""
    folder = example.folder
    shutil.rmtree(folder, ignore_errors=True)
    write_certificates(
        folder / "certificates", (*example.addresses, *(name for _, name in example.more_names))
    )
    outside = Outside(folder, f"https://{CENTRE}", folder / "certificates/authority.pem")
    with steps.step(f"boot {len(example.groups)} machines"):
        machines = {name: place.boot(name, example.addresses[name]) for name in example.groups}
        acquaint(outside, machines.values(), example.more_names)
    said = outside.ask(PROCTORCTL, "backup", "recipient", "--out", folder / "backup.key")
    settings = {
        "package_links": f"{place.files}/wheels",
        "backup_target": returning.TARGET,
        "backup_recipient": json.loads(said)["recipient"],
    } | settings
    site = Provisioning(folder, machines.values(), settings)
    with steps.step(f"site on {len(machines)} empty machines") as step:
        step.note(f"{site.run('site')} changes")
    with steps.step("the recording of an exam"):
        rehearsal(RECORDING.parent)
    exam = open_exam(outside, RECORDING.parent, machines[example.of("coordinator")[0]])
    place.opened.callback(exam.close)
    return Installation(example, place, outside, machines, site, exam, example.of("coordinator")[0])


def looked_at(installed: Installation, steps: Steps) -> None:
    """It stays as it is, and is as the documentation says."""
    with steps.step("they stay up") as step:
        time.sleep(STAYS_UP_FOR_S)
        for name, machine in installed.machines.items():
            step.note(looks.units(machine, installed.example.groups[name]))
    with steps.step("site once more"):
        installed.site.run_unchanged("site")
    with steps.step("site in check mode"):
        installed.site.run_unchanged("site", "--check")
    with steps.step("ports and hardening") as step:
        for name, machine in installed.machines.items():
            step.note(looks.ports(machine, installed.example.groups[name], cluster=True, monitored=True))
            step.note(looks.hardening(machine, installed.example.groups[name]))
    with steps.step("settings as their programs judge them") as step:
        for name, machine in installed.machines.items():
            step.note(looks.settings(machine, installed.example.groups[name]))
    with steps.step("copies of the hub's streams") as step:
        step.note(copies(installed))


def copies(installed: Installation) -> str:
    """How many copies the cluster keeps of each stream. Raises `Wrong` if not three."""
    found = looks.replicas(installed.centre)
    if not found or set(found.values()) != {3}:
        raise Wrong(f"the hub keeps {found} copies, and not three of each stream")
    return f"{found}"


def examined(installed: Installation, steps: Steps) -> None:
    """An exam through TLS, and one over the relay; the coordinator chooses the nodes."""
    exam, script = installed.exam, rehearsal(RECORDING.parent)
    with steps.step("an exam through TLS, and one by the relay only") as step:
        exam.enroll("ada")
        page, relayed = exam.seat("ada", RECORDING), exam.seat("eve", RECORDING, "--relay")
        for one in (page, relayed):
            one.wait_until_it_flows()
        nodes = installed.nodes()
        step.note(f"on {nodes[exam.node_of(page)].name} and {nodes[exam.node_of(relayed)].name}")
        for one in (page, relayed):
            one.program.wait(EXAM_ENDS_WITHIN_S)
        step.note(installed.arrived())
        exam.end_both(page, relayed, script, step)
    with steps.step("dashboards") as step:
        edge = installed.example.addresses[installed.example.edges[0]]
        step.note(looks.panels(installed.first("monitoring"), f"{edge}:8091"))
    with steps.step("doctor") as step:
        installed.site.run_unchanged("doctor")
        told = [(installed.folder / "doctor" / f"{name}.txt").read_text() for name in installed.machines]
        step.note(f"{[len(text.splitlines()) for text in told]} lines")
