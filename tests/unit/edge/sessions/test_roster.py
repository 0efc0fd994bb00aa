from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.sessions.roster import MAX_ENDED, Roster
from shared.errors import Rejected
from shared.messages.sessions import StartSession
from shared.tokens import Role
from tests.support.orders import session_token, start_order

NOW = datetime.now(UTC)
KEY = Ed25519PrivateKey.generate()


@dataclass(frozen=True)
class Sitting:
    order: StartSession


def roster(*orders: StartSession, rating: int = 3) -> Roster[Sitting]:
    made: Roster[Sitting] = Roster(rating)
    for order in orders:
        made.add(Sitting(order))
    return made


def test_a_new_session_is_taken_while_there_is_room() -> None:
    assert roster(start_order(), start_order()).check(start_order(), NOW) is None


def test_above_the_rating_a_new_session_is_refused_and_told_what_to_do() -> None:
    full = roster(start_order(), start_order(), start_order())
    with pytest.raises(Rejected, match="another node") as refusal:
        full.check(start_order(), NOW)
    assert (refusal.value.code, refusal.value.status) == ("node-full", 503)


def test_a_session_that_holds_no_seat_leaves_its_place_to_another() -> None:
    booked = roster(start_order(), start_order(), start_order())
    assert booked.check(start_order(), NOW, held=2) is None
    with pytest.raises(Rejected, match="another node"):
        booked.check(start_order(), NOW, held=3)


def test_not_more_sessions_are_started_than_four_for_each_seat() -> None:
    one_below = roster(*(start_order() for _ in range(3)), rating=1)
    assert one_below.check(start_order(), NOW, held=0) is None
    one_below.add(Sitting(start_order()))
    with pytest.raises(Rejected, match="another node"):
        one_below.check(start_order(), NOW, held=0)


def test_a_running_assignment_started_again_is_found_even_on_a_full_node() -> None:
    order = start_order()
    full = roster(order, start_order(), start_order())
    found = full.check(order, NOW)
    assert found is not None
    assert found.order == order


def test_an_assignment_older_than_the_running_one_is_refused() -> None:
    order = start_order(epoch=2)
    with pytest.raises(Rejected) as refusal:
        roster(order).check(order.model_copy(update={"epoch": 1}), NOW)
    assert (refusal.value.status, refusal.value.code) == (409, "epoch-old")


def test_a_newer_assignment_is_told_which_older_one_it_replaces() -> None:
    order = start_order(epoch=1)
    found = roster(order).check(order.model_copy(update={"epoch": 2}), NOW)
    assert found is not None
    assert found.order.epoch == 1


def test_an_ended_session_stays_ended_unless_assigned_anew() -> None:
    order = start_order()
    watched = roster(order)
    assert watched.end(order.session_id) is not None
    assert watched.end(order.session_id) is None
    with pytest.raises(Rejected) as refusal:
        watched.check(order, NOW)
    assert refusal.value.code == "session-ended"
    assert watched.check(order.model_copy(update={"epoch": 2}), NOW) is None


def test_a_session_that_failed_may_be_started_again() -> None:
    order = start_order()
    watched = roster(order)
    assert watched.forget(order.session_id) is not None
    assert watched.check(order, NOW) is None


def test_the_memory_of_ended_sessions_is_bounded() -> None:
    watched = roster()
    pattern = start_order()
    for _ in range(MAX_ENDED + 10):
        order = pattern.model_copy(update={"session_id": uuid4()})
        watched.add(Sitting(order))
        watched.end(order.session_id)
    assert len(watched._ended) == MAX_ENDED


def test_an_expired_session_is_not_taken_and_a_running_one_is_taken_out_when_its_time_is_over() -> None:
    order = start_order(expires_utc=NOW + timedelta(seconds=10))
    watched = roster(order, start_order())
    assert watched.expire(NOW + timedelta(seconds=9)) == []
    assert [one.order for one in watched.expire(NOW + timedelta(seconds=10))] == [order]
    assert len(watched) == 1
    with pytest.raises(Rejected) as refusal:
        roster().check(order, NOW + timedelta(seconds=10))
    assert refusal.value.status == 410


def test_a_session_that_a_jumping_clock_ended_may_be_started_again_once_the_clock_is_right() -> None:
    order = start_order(expires_utc=NOW + timedelta(hours=2))
    watched = roster(order)
    assert len(watched.expire(NOW + timedelta(days=1))) == 1
    assert watched.check(order, NOW) is None


ORDER = start_order(token_key=KEY)


def test_the_sessions_own_token_opens_it() -> None:
    token = session_token(KEY, ORDER.session_id)
    watched, device = roster(ORDER).bearer(ORDER.session_id, token)
    assert (watched.order, device) == (ORDER, None)


@pytest.mark.parametrize(
    ("device", "bound", "good"),
    [(1, 1, True), (0, 0, True), (2, 1, True), (1, 2, False), (0, 1, False), (None, 2, True)],
)
def test_a_token_of_a_device_before_the_bound_one_is_dead(device: int | None, bound: int, good: bool) -> None:
    order = ORDER.model_copy(update={"device": bound})
    token = session_token(KEY, order.session_id, device=device)
    if good:
        assert roster(order).bearer(order.session_id, token) == (roster(order).find(order.session_id), device)
        return
    with pytest.raises(Rejected) as refusal:
        roster(order).bearer(order.session_id, token)
    assert (refusal.value.status, refusal.value.code) == (401, "device-moved")


@pytest.mark.parametrize(
    ("token", "status"),
    [
        ("", 401),
        ("x.y.z", 401),
        (session_token(Ed25519PrivateKey.generate(), ORDER.session_id), 401),
        (session_token(KEY, ORDER.session_id, lifetime=timedelta(seconds=-60)), 401),
        (session_token(KEY, None), 401),
        (session_token(KEY, uuid4()), 403),
        (session_token(KEY, ORDER.session_id, role=Role.PROCTOR), 403),
    ],
)
def test_no_other_token_does(token: str, status: int) -> None:
    with pytest.raises(Rejected) as refusal:
        roster(ORDER).bearer(ORDER.session_id, token)
    assert refusal.value.status == status


def test_a_session_that_does_not_run_here_is_not_found() -> None:
    with pytest.raises(Rejected) as refusal:
        roster().bearer(ORDER.session_id, session_token(KEY, ORDER.session_id))
    assert refusal.value.status == 404


def test_an_assignment_that_was_handed_over_may_come_back_and_an_ended_session_may_not() -> None:
    order = start_order(epoch=2)
    made = roster(order)
    assert made.end(order.session_id, 1) is None
    assert made.end(order.session_id, 2) == Sitting(order)
    assert made.check(order, NOW) is None
    made.add(Sitting(order))
    assert made.end(order.session_id) == Sitting(order)
    with pytest.raises(Rejected, match="ended here"):
        made.check(order, NOW)
