"""What the metrics say of each node."""

from __future__ import annotations

from uuid import UUID

from coordinator.nodes.fleet import Fleet
from coordinator.nodes.gauges import GAUGES, Values
from coordinator.nodes.placements import Placement
from shared.events.types import Lane
from shared.messages.heartbeats import OutboxState
from tests.unit.coordinator.test_fleet import NOW, heartbeat

FIRST, SECOND, THIRD = (str(UUID(int=number)) for number in (1, 2, 3))


def read(fleet: Fleet, now: float) -> dict[str, Values]:
    return {gauge.name.removeprefix("coordinator_node_"): gauge.read(fleet, now) for gauge in GAUGES}


def test_each_node_has_its_values_and_a_missing_one_is_told_as_such() -> None:
    lanes = tuple(
        OutboxState(outbox_id=UUID(int=5), lane=lane, last_sequence=9, waiting=waiting, dropped=0)
        for lane, waiting in zip(Lane, (3, 4), strict=False)
    )
    fleet = Fleet()
    fleet.hear(heartbeat(1, sessions=3, outbox=lanes), 100.0, NOW)
    fleet.hear(heartbeat(2, rating=0, region="north"), 90.0, NOW)
    fleet.accept({UUID(int=1): Placement.DRAINING, UUID(int=2): Placement.OPEN, UUID(int=3): Placement.OPEN})
    said = read(fleet, 101.0)
    first, second = (FIRST, "local"), (SECOND, "north")
    assert said["sessions"] == {first: 3, second: 0}
    assert said["load_ratio"] == {first: 0.75, second: 0.0}
    assert said["outbox_depth"] == {first: 7, second: 0}
    assert said["up"] == {first: 1.0, second: 1.0, (THIRD, ""): 0.0}
    assert said["open"] == {first: 0.0, second: 1.0, (THIRD, ""): 1.0}
    later = read(fleet, 110.0)
    assert later["up"] == {first: 1.0, second: 0.0, (THIRD, ""): 0.0}
    assert later["sessions"] == {first: 3}  # of a missing node nothing is known
    fleet.accept({})
    fleet.forget(UUID(int=1))
    fleet.forget(UUID(int=2))
    assert not any(read(fleet, 110.0).values())
