from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from coordinator.deliveries.order import lanes
from coordinator.deliveries.schedule import Tried

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)


@dataclass(frozen=True)
class One:
    sequence: int
    session_id: UUID
    tried: Tried


def one(sequence: int, session: int, attempts: int = 0) -> One:
    return One(sequence, UUID(int=session), Tried(attempts, NOW))


def numbers(*parcels: One) -> list[list[int]]:
    return [[parcel.sequence for parcel in lane] for lane in lanes(parcels)]


def test_each_session_has_a_lane_in_its_own_order() -> None:
    assert numbers(one(4, 1), one(1, 1), one(3, 2), one(2, 2)) == [[1, 4], [2, 3]]


def test_what_failed_least_goes_first_so_that_one_bad_message_blocks_nobody() -> None:
    assert numbers(one(1, 1, attempts=4), one(2, 1), one(3, 2), one(5, 3, attempts=1)) == [[3], [5], [1, 2]]


def test_nothing_has_no_lane() -> None:
    assert numbers() == []
