from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from coordinator.nodes.admission import asks_another
from coordinator.nodes.fleet import Fleet, WrongClock
from coordinator.nodes.placements import Placement
from shared.errors import Corrupt, Rejected, Unavailable
from shared.messages.heartbeats import Heartbeat, SessionState

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


OTHER_FACES = {"other-faces@2": "face-detection"}


def heartbeat(node: int, sent_utc: datetime = NOW, sessions: int = 0, **state: object) -> Heartbeat:
    about = {
        "node_id": UUID(int=node),
        "boot_id": UUID(int=9),
        "sent_utc": sent_utc,
        "region": "local",
        "sealing_key": "x25519:",
        "signaling_url": "ws://edge",
        "health": 10,
        "level": 1,
        "rating": 4,
        "device": "cpu",
        "models": {},
        "recognisers": ("arcface@1",),
        "outbox": (),
        "sessions": tuple(session(n) for n in range(sessions)),
    }
    return Heartbeat.model_validate(about | state)


def session(number: int) -> SessionState:
    return SessionState(
        session_id=UUID(int=number),
        epoch=1,
        phase="running",
        frames_processed=0,
        alerts_triggered=0,
        last_verified_utc=None,
    )


def fleet(*heartbeats: Heartbeat) -> Fleet:
    made = Fleet()
    for each in heartbeats:
        made.hear(each, 100.0, NOW)
    return made


def picked(made: Fleet, **wish: object) -> int:
    return made.pick(101.0, **wish).heartbeat.node_id.int  # type: ignore[arg-type]


def test_a_node_is_missing_after_15_s_of_silence() -> None:
    made = fleet(heartbeat(1))
    assert [len(made.online(at)) for at in (100.0, 114.9, 115.0)] == [1, 1, 0]
    with pytest.raises(Unavailable) as refused:
        made.pick(115.0)
    assert refused.value.code == "no-node-online"


def test_a_node_that_leaves_a_command_unanswered_gets_nothing_new_until_it_is_heard_again() -> None:
    made = fleet(heartbeat(1), heartbeat(2), heartbeat(3))
    made.miss(UUID(int=1))
    made.miss(UUID(int=2))
    assert picked(made) == 3
    assert len(made.online(101.0)) == 3  # what it has goes on
    made.miss(UUID(int=3))
    with pytest.raises(Unavailable, match="3 missing") as refused:
        made.pick(101.0)
    assert refused.value.code == "no-node-online"
    made.hear(heartbeat(2, NOW + timedelta(seconds=5)), 105.0, NOW)
    assert made.pick(105.0).heartbeat.node_id.int == 2
    made.forget(UUID(int=1))
    made.hear(heartbeat(1, NOW + timedelta(seconds=5)), 105.0, NOW)
    assert made.pick(105.0).heartbeat.node_id.int == 1


@pytest.mark.parametrize(
    ("code", "waited_s", "another"),
    [
        ("node-away", 0.0, True),
        ("node-away", 14.9, True),
        ("node-away", 15.0, False),  # from now on whoever was silent all the time is missing
        ("node-unavailable", 10.0, True),
        ("version-away", 0.0, True),
        ("bad-reply", 0.0, False),
        ("hub-down", 0.0, False),
    ],
)
def test_a_start_that_a_node_does_not_take_goes_on_to_others_for_as_long_as_a_node_may_be_silent(
    code: str, waited_s: float, another: bool
) -> None:
    assert asks_another(code, waited_s) is another


def test_the_holder_of_a_session_is_who_names_it_under_the_later_assignment_and_is_heard() -> None:
    def named(epoch: int) -> tuple[SessionState, ...]:
        return (session(7).model_copy(update={"epoch": epoch}),)

    first = heartbeat(1, sessions=0).model_copy(update={"sessions": named(2)})
    second = heartbeat(2, sessions=0).model_copy(update={"sessions": named(1)})
    made = fleet(first, second)
    assert made.holder(UUID(int=7), 101.0) == UUID(int=1)
    assert made.holder(UUID(int=8), 101.0) is None
    made.hear(second.model_copy(update={"sent_utc": NOW + timedelta(seconds=9)}), 109.0, NOW)
    assert made.holder(UUID(int=7), 116.0) == UUID(int=2)


@pytest.mark.parametrize(
    ("better", "worse", "wish"),
    [
        (heartbeat(1, sessions=1), heartbeat(2, sessions=2), {}),
        (heartbeat(1, level=1, sessions=3), heartbeat(2, level=2), {}),
        (heartbeat(1, health=9), heartbeat(2, health=4), {}),
        (heartbeat(1), heartbeat(2, recognisers=("other@1",)), {"recognisers": {"arcface@1"}}),
        (heartbeat(1, region="west", level=2), heartbeat(2, region="east"), {"region": "west"}),
        (heartbeat(1), heartbeat(2, health=2), {}),
        (heartbeat(1, region="east"), heartbeat(2, sessions=3), {"region": "local"}),
        (heartbeat(1, rating=10, sessions=7), heartbeat(2, region="east"), {"region": "local"}),
        (heartbeat(1, sessions=3), heartbeat(2, region="east", level=2), {"region": "local"}),
        (heartbeat(1, sessions=3), heartbeat(2, region="east", sessions=3), {"region": "local"}),
        (heartbeat(1, sessions=3, seats=0), heartbeat(2, sessions=1), {}),
        (
            heartbeat(1, sessions=3),
            heartbeat(2, region="east", recognisers=("other@1",)),
            {"region": "local", "recognisers": {"arcface@1"}},
        ),
        (heartbeat(1, level=2, region="east"), heartbeat(2, level=3), {"region": "west", "lowest_level": 2}),
        (heartbeat(1, level=2, sessions=1), heartbeat(2, level=3), {"lowest_level": 1}),
        (heartbeat(1, sessions=3), heartbeat(2, sessions=4), {}),
        (  # an exam's version before everything else
            heartbeat(1, region="east", level=3, at_hand=OTHER_FACES),
            heartbeat(2),
            {"region": "local", "lowest_level": 2, "networks": {*OTHER_FACES}},
        ),
        (  # a busy node does not leave it to a calm one that lacks the version
            heartbeat(1, sessions=3, at_hand=OTHER_FACES),
            heartbeat(2),
            {"networks": {*OTHER_FACES}},
        ),
    ],
)
def test_the_better_node_is_picked(better: Heartbeat, worse: Heartbeat, wish: dict[str, object]) -> None:
    assert picked(fleet(better, worse), **wish) == 1
    swapped = (
        worse.model_copy(update={"node_id": UUID(int=1)}),
        better.model_copy(update={"node_id": UUID(int=2)}),
    )
    assert picked(fleet(*swapped), **wish) == 2


def test_a_node_below_the_accepted_level_serves_when_there_is_no_other() -> None:
    assert picked(fleet(heartbeat(1, level=4)), lowest_level=1) == 1


def test_another_regions_node_serves_when_there_is_no_other() -> None:
    assert picked(fleet(heartbeat(1)), region="far") == 1


def test_a_full_node_still_enrolls() -> None:
    full = fleet(heartbeat(1, sessions=4))
    with pytest.raises(Rejected) as refusal:  # full is another answer than down
        full.pick(101.0)
    assert refusal.value.code == "node-full"
    assert picked(full, seat=False) == 1


@pytest.mark.parametrize("placement", [Placement.CORDONED, Placement.DRAINING])
@pytest.mark.parametrize("seat", [True, False])
def test_a_closed_node_gets_nothing_new_also_where_there_is_no_other(
    placement: Placement, seat: bool
) -> None:
    made = fleet(heartbeat(1), heartbeat(2, sessions=3))
    made.accept({UUID(int=1): placement, UUID(int=2): Placement.OPEN})
    assert picked(made, seat=seat) == 2
    made.accept({UUID(int=1): placement, UUID(int=2): placement})
    with pytest.raises(Unavailable, match=f"2 in all: 2 {placement}") as down:
        made.pick(101.0, seat=seat)
    assert (down.value.code, down.value.retry_after_s) == ("no-node-online", 5)
    made.accept({UUID(int=1): Placement.OPEN, UUID(int=2): placement})
    assert picked(made, seat=seat) == 1


def test_full_and_down_are_two_answers_with_figures() -> None:
    made = fleet(heartbeat(1, sessions=4), heartbeat(2), heartbeat(3, health=2), heartbeat(4, sessions=4))
    made.accept({UUID(int=2): Placement.CORDONED, UUID(int=5): Placement.OPEN})
    with pytest.raises(Rejected) as full:
        made.pick(101.0)
    assert full.value.code == "node-full"
    assert "8 places together (not counted: 1 missing, 1 cordoned, 1 unwell)" in str(full.value)
    made.hear(heartbeat(2, NOW + timedelta(seconds=30)), 130.0, NOW + timedelta(seconds=30))
    with pytest.raises(Unavailable, match="5 in all: 4 missing, 1 cordoned") as down:
        made.pick(130.0)
    assert down.value.code == "no-node-online"
    with pytest.raises(Unavailable, match="none is known"):
        Fleet().pick(101.0)


def test_the_clock_of_a_closed_node_hinders_nobody() -> None:
    made = fleet(heartbeat(1, NOW + timedelta(seconds=40)), heartbeat(2, NOW))
    made.accept({UUID(int=1): Placement.CORDONED, UUID(int=2): Placement.DRAINING})
    with pytest.raises(Unavailable) as down:
        made.pick(101.0)
    assert down.value.code == "no-node-online"


def test_an_old_heartbeat_played_again_is_refused() -> None:
    made = fleet(heartbeat(1))
    for old in (
        heartbeat(1),
        heartbeat(1, NOW - timedelta(seconds=5)),
        heartbeat(2, NOW - timedelta(hours=1)),
    ):
        with pytest.raises(Corrupt):
            made.hear(old, 101.0, NOW)
    assert made.state(UUID(int=2)) is None


def test_a_node_whose_clock_was_set_back_is_heard_again_once_it_counts_as_missing() -> None:
    made = fleet(heartbeat(1))
    made.hear(heartbeat(1, NOW - timedelta(seconds=30)), 120.0, NOW)
    assert len(made.online(121.0)) == 1


@pytest.mark.parametrize("skew_s", [-26.0, 26.0, -3_600.0])
def test_a_node_whose_clock_is_wrong_gets_no_session_and_the_refusal_says_why(skew_s: float) -> None:
    made = Fleet()
    with contextlib.suppress(WrongClock):
        made.hear(heartbeat(1, NOW + timedelta(seconds=skew_s)), 100.0, NOW)
    for refused in (lambda: made.pick(101.0), lambda: made.check_clock(UUID(int=1), 101.0)):
        with pytest.raises(Unavailable) as error:
            refused()
        assert error.value.code == "clock-skew"
        assert f"{skew_s:+.0f} s from the coordinator's" in str(error.value)
    assert made.skew_s(UUID(int=1), 101.0) == skew_s


def test_a_node_with_a_right_clock_serves_beside_one_with_a_wrong_one() -> None:
    made = fleet(heartbeat(1, NOW + timedelta(seconds=26)), heartbeat(2))
    assert picked(made) == 2
    made.check_clock(UUID(int=2), 101.0)


def test_a_node_whose_clock_is_set_right_serves_again() -> None:
    made = fleet(heartbeat(1, NOW - timedelta(seconds=60)))
    made.hear(heartbeat(1, NOW), 105.0, NOW)
    assert picked(made) == 1


def test_an_old_heartbeat_played_again_does_not_make_a_good_clock_wrong() -> None:
    made = fleet(heartbeat(1))
    with pytest.raises(WrongClock):
        made.hear(heartbeat(1, NOW - timedelta(hours=1)), 101.0, NOW)
    assert picked(made) == 1


def test_a_node_that_says_it_is_full_is_left_out_and_when_all_do_they_are_named() -> None:
    made = fleet(heartbeat(1), heartbeat(2, region="north", rating=7), heartbeat(3, health=1))
    first = made.pick(101.0).heartbeat.node_id
    second = made.pick(101.0, full={first}).heartbeat.node_id
    assert {first, second} == {UUID(int=1), UUID(int=2)}
    with pytest.raises(Rejected, match=f"north {UUID(int=2)} \\(limit 7\\)") as refusal:
        made.pick(101.0, full={first, second})
    assert (refusal.value.code, refusal.value.status, refusal.value.retry_after_s) == ("node-full", 503, 5)
