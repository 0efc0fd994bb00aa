"""What the metrics say of each node."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from coordinator.nodes.fleet import Fleet
from coordinator.nodes.gauges import GAUGES, Values
from coordinator.nodes.placements import Placement
from coordinator.nodes.unwatched import unwatched_share
from shared.events.types import Lane
from shared.messages.heartbeats import Measures, OutboxState, SessionState
from shared.unwatched import Kind, Unwatched
from tests.unit.coordinator.test_fleet import NOW, heartbeat, session

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


def seen(number: int, unwatched_s: Unwatched | None, epoch: int = 1) -> SessionState:
    return session(number).model_copy(update={"unwatched_s": unwatched_s, "epoch": epoch})


FACE, SOUND = Kind.FACE, Kind.SOUND
SHARES: dict[str, tuple[tuple[SessionState, ...], tuple[SessionState, ...], float | None]] = {
    # sessions of the heartbeat before, of the one ten seconds later, the share
    "all is watched": ((seen(1, {FACE: 3.0}),), (seen(1, {FACE: 3.0}),), 0.0),
    "what is watched least counts": ((seen(1, {FACE: 3.0}),), (seen(1, {FACE: 4.0, SOUND: 5.0}),), 0.5),
    "over all sessions": (
        (seen(1, {FACE: 0.0}), seen(2, {FACE: 7.0})),
        (seen(1, {FACE: 2.0}), seen(2, {FACE: 7.0})),
        0.1,
    ),
    "late words are no more than all": ((seen(1, {FACE: 0.0}),), (seen(1, {FACE: 25.0}),), 1.0),
    "a session that has come": ((seen(1, {FACE: 1.0}),), (seen(1, {FACE: 2.0}), seen(2, {FACE: 9.0})), 0.1),
    "another assignment": ((seen(1, {FACE: 1.0}),), (seen(1, {FACE: 9.0}, epoch=2),), None),
    "none is told": ((seen(1, None), seen(2, {})), (seen(1, None), seen(2, {})), None),
    "no session": ((), (), None),
}


@pytest.mark.parametrize(("before", "now", "share"), SHARES.values(), ids=SHARES)
def test_the_unwatched_share_is_that_of_the_time_between_two_heartbeats(
    before: tuple[SessionState, ...], now: tuple[SessionState, ...], share: float | None
) -> None:
    first, then = heartbeat(1), heartbeat(1, NOW + timedelta(seconds=10))
    first, then = (
        one.model_copy(update={"sessions": sessions}) for one, sessions in ((first, before), (then, now))
    )
    assert unwatched_share(first, then) == (None if share is None else pytest.approx(share))
    assert unwatched_share(then, first) is None
    assert unwatched_share(first, then.model_copy(update={"boot_id": UUID(int=3)})) is None


def test_a_node_tells_what_it_did_not_watch_and_when_its_certificate_ends() -> None:
    fleet, ends_utc = Fleet(), NOW + timedelta(hours=5)
    for seconds, unwatched_s in ((0, 1.0), (5, 3.0)):
        about = {
            "sessions": (seen(1, {FACE: unwatched_s}),),
            "measures": Measures(certificate_ends_utc=ends_utc),
        }
        sent_utc = NOW + timedelta(seconds=seconds)
        fleet.hear(heartbeat(1, sent_utc).model_copy(update=about), 100.0 + seconds, sent_utc)
    fleet.hear(heartbeat(2), 100.0, NOW)
    said = read(fleet, 106.0)
    assert said["certificate_end_seconds"] == {(FIRST, "local"): ends_utc.timestamp()}
    assert said["unwatched_share"] == {(FIRST, "local"): pytest.approx(0.4)}
    later_utc = NOW + timedelta(seconds=25)  # silent meanwhile: what it says then is of another time
    fleet.hear(heartbeat(1, later_utc).model_copy(update=about), 125.0, later_utc)
    assert read(fleet, 126.0)["unwatched_share"] == {}
