from uuid import UUID, uuid4

import pytest

from edge.heartbeat import SESSIONS_AT_ONCE, turn
from shared.messages import SessionState


def states(count: int) -> tuple[SessionState, ...]:
    return tuple(
        SessionState(
            session_id=uuid4(),
            epoch=1,
            phase="watching",
            frames_processed=0,
            alerts_triggered=0,
            last_verified_utc=None,
        )
        for _ in range(count)
    )


@pytest.mark.parametrize("count", [0, 1, SESSIONS_AT_ONCE])
def test_few_sessions_are_all_told_of_in_every_beat(count: int) -> None:
    few = states(count)
    assert turn(few, 7) == few


@pytest.mark.parametrize("count", [SESSIONS_AT_ONCE + 1, 50, 500])
def test_many_are_told_of_in_turn_and_none_is_left_out(count: int) -> None:
    many = states(count)
    told: set[UUID] = set()
    beats = -(-count // SESSIONS_AT_ONCE)
    for beat in range(beats):
        now = turn(many, beat)
        assert len(now) == SESSIONS_AT_ONCE
        told |= {one.session_id for one in now}
    assert len(told) == count
