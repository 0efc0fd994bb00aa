"""Everything on three machines: provisioned, an exam on them, and what an installation lives through."""

from __future__ import annotations

from tests.machines import changing, life, returning
from tests.machines.beginning import examined, looked_at, provisioned
from tests.machines.changing import FURTHER
from tests.machines.installation import example
from tests.machines.place import Place
from tests.machines.steps import Steps


def three_machines(place: Place, steps: Steps) -> None:
    """Provision three empty machines, hold exams on them, and take them through an installation's life."""
    three = provisioned(place, steps, example("three-machines", FURTHER))
    looked_at(three, steps)
    examined(three, steps)
    life.upgraded(three, steps)
    life.node_killed(three, steps)
    returning.restored(three, steps)
    changing.rotated(three, steps, *changing.ALL)
    changing.node_added_and_taken_out(three, steps)
