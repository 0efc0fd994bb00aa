"""Two regions on six machines: provisioned, exams on them, another authority of the fleet."""

from __future__ import annotations

from typing import Final

from tests.machines import changing
from tests.machines.beginning import RECORDING, examined, looked_at, provisioned
from tests.machines.installation import Installation, example
from tests.machines.place import Place
from tests.machines.steps import Steps, Wrong

REGION: Final = "south"


def two_regions(place: Place, steps: Steps) -> None:
    """Provision six empty machines, hold exams on them, and let another authority take over."""
    six = provisioned(place, steps, example("two-regions"))
    looked_at(six, steps)
    examined(six, steps)
    _in_its_region(six, steps)
    changing.rotated(six, steps, *changing.ALL)


def _in_its_region(six: Installation, steps: Steps) -> None:
    """An exam that belongs to a region is there, with as many candidates as the region has nodes."""
    exam = six.exam
    with steps.step(f"an exam of the region {REGION}") as step:
        exam.ask("exams", "change", "EXAM", "--region", REGION)
        pages = [exam.seat(candidate, RECORDING) for candidate in ("kay", "lee")]
        for page in pages:
            page.wait_until_it_flows()
        nodes = six.nodes()
        there = [nodes[exam.node_of(page)].name for page in pages]
        for page in pages:
            exam.end(page)
        step.note(f"on {' and '.join(there)}")
        if not all(f".{REGION}." in name for name in there):
            raise Wrong(f"not all are in {REGION}: {there}")
        step.note(six.arrived())
