"""Who gets a connection, and who gives way."""

from shared.rates import Rate
from shared.web_server.doorway import UNASKED, UNASKED_ARRIVALS, Bounds, Doorway, network_of


def doorway(in_all: int = 4, per_address: int = 3) -> Doorway[str]:
    return Doorway(Bounds(in_all, per_address))


def test_whoever_finds_a_place_is_let_in() -> None:
    door = doorway()
    assert [door.enter(guest, "10.0.0.1", 0.0) for guest in ("a", "b", "c")] == [(), (), ()]
    assert len(door) == 3


def test_the_one_that_waits_longest_of_an_address_gives_way_to_its_next() -> None:
    door = doorway()
    for guest in ("a", "b", "c"):
        door.enter(guest, "10.0.0.1", 0.0)
    door.asked("a")
    assert door.enter("d", "10.0.0.1", 1.0) == ("b",)
    assert door.enter("e", "10.0.0.1", 1.0) == ("c",)
    assert len(door) == 3
    assert door.counts == {"gave-way": 2}


def test_an_address_whose_connections_all_asked_gets_no_more_and_others_do() -> None:
    door = doorway()
    for guest in ("a", "b", "c"):
        door.enter(guest, "10.0.0.1", 0.0)
        door.asked(guest)
    assert door.enter("d", "10.0.0.1", 1.0) == ("d",)
    assert door.enter("e", "10.0.0.2", 1.0) == ()
    assert door.counts == {"address-full": 1}


def test_where_all_places_are_taken_the_address_with_most_that_wait_makes_room() -> None:
    door = doorway(in_all=4, per_address=3)
    door.enter("slow", "10.0.0.9", 0.0)
    for guest in ("a", "b", "c"):
        door.enter(guest, "10.0.0.1", 1.0)
    assert door.enter("new", "10.0.0.2", 2.0) == ("a",), "not the one that merely came first"
    assert len(door) == 4


def test_where_everybody_asked_the_next_is_refused() -> None:
    door = doorway(in_all=2, per_address=2)
    for guest, address in (("a", "10.0.0.1"), ("b", "10.0.0.2")):
        door.enter(guest, address, 0.0)
        door.asked(guest)
    assert door.enter("c", "10.0.0.3", 0.0) == ("c",)
    assert door.counts == {"full": 1}
    door.leave("a")
    assert door.enter("c", "10.0.0.3", 0.0) == ()


def test_an_answered_connection_waits_again_behind_those_that_wait_already() -> None:
    door = doorway(in_all=10, per_address=2)
    door.enter("a", "10.0.0.1", 0.0)
    door.asked("a")
    door.enter("b", "10.0.0.1", 1.0)
    door.waits("a", 2.0)
    assert door.enter("c", "10.0.0.1", 3.0) == ("b",)
    assert door.enter("d", "10.0.0.1", 3.0) == ("a",)


def test_a_place_is_given_back_once() -> None:
    door = doorway(in_all=10, per_address=1)
    door.enter("a", "10.0.0.1", 0.0)
    door.asked("a")
    door.leave("a")
    door.leave("a")
    door.leave("never came")
    door.asked("a")
    door.waits("a", 1.0)
    assert len(door) == 0
    assert door.enter("b", "10.0.0.1", 1.0) == ()
    door.asked("b")
    assert door.enter("c", "10.0.0.1", 1.0) == ("c",)


def test_an_address_that_reconnects_in_a_loop_is_refused_until_it_has_rested() -> None:
    door: Doorway[int] = Doorway(Bounds(100, 100), Rate(burst=3, per_s=1.0))
    assert [door.arrives("10.0.0.1", 0.0) for _ in range(4)] == [True, True, True, False]
    assert door.arrives("10.0.0.2", 0.5)
    assert not door.arrives("10.0.0.1", 0.5)
    assert door.arrives("10.0.0.1", 1.5)
    assert door.counts["too-fast"] == 2


def test_a_proxy_has_no_share_but_the_bound_of_all() -> None:
    door: Doorway[int] = Doorway(Bounds(5, 2))
    for guest in range(5):
        assert door.enter(guest, None, 0.0) == ()
        door.asked(guest)
    assert door.enter(6, None, 0.0) == (6,)


def test_a_home_in_ipv6_is_one_asker_and_a_mapped_address_is_its_ipv4() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:2") == "2001:db8::/64"
    assert network_of("2001:db8:0:1::1") != network_of("2001:db8::1")
    assert network_of("::ffff:10.0.0.1") == network_of("10.0.0.1") == "10.0.0.1"
    assert network_of("") == ""


def crowded(asked: int = 0) -> Doorway[str]:
    """An address has as many connections that never sent a request as it may, and some that did."""
    door = doorway(in_all=5_000, per_address=2_500)
    for number in range(asked + UNASKED):
        assert door.arrives("10.0.0.1", 0.0)
        assert door.enter(f"{number}", "10.0.0.1", 0.0) == ()
        if number < asked:
            door.asked(f"{number}")
            door.waits(f"{number}", 0.0)
    return door


def test_connections_that_never_asked_are_few_and_their_address_gets_new_ones_slowly() -> None:
    door = crowded()
    assert sum(door.arrives("10.0.0.1", 0.0) for _ in range(200)) == UNASKED_ARRIVALS.burst
    assert sum(door.arrives("10.0.0.1", 0.1) for _ in range(200)) == UNASKED_ARRIVALS.per_s / 10
    assert door.counts["too-fast"] == 400 - UNASKED_ARRIVALS.burst - UNASKED_ARRIVALS.per_s / 10
    assert door.arrives("10.0.0.2", 0.0), "others are not concerned"


def test_a_new_one_of_them_replaces_the_oldest_that_never_asked_and_none_that_did() -> None:
    door = crowded(asked=3)
    assert door.enter("new", "10.0.0.1", 1.0) == ("3",)
    assert door.enter("newer", "10.0.0.1", 1.0) == ("4",)
    assert len(door) == 3 + UNASKED


def test_whoever_asks_or_leaves_makes_room_for_those_that_have_not_asked() -> None:
    for ends in (Doorway.begins, Doorway.asked, Doorway.leave):
        door = crowded()
        ends(door, "0")
        assert door.enter("new", "10.0.0.1", 1.0) == ()
        assert all(door.arrives("10.0.0.1", 1.0) for _ in range(UNASKED_ARRIVALS.burst))
        assert not door.arrives("10.0.0.1", 1.0)


def test_a_hall_whose_people_ask_is_never_crowded() -> None:
    door = doorway(in_all=5_000, per_address=2_500)
    for number in range(1_500):
        assert door.arrives("10.0.0.1", 0.0)
        door.enter(f"{number}", "10.0.0.1", 0.0)
        door.asked(f"{number}")


def test_a_hall_that_uploads_slowly_is_not_crowded_but_gives_way_at_the_limit() -> None:
    door = doorway(in_all=5_000, per_address=1_500)
    for number in range(1_500):
        assert door.arrives("10.0.0.1", 0.0)
        assert door.enter(f"{number}", "10.0.0.1", 0.0) == ()
        door.begins(f"{number}")
    assert door.enter("new", "10.0.0.1", 1.0) == ("0",)


def test_a_proxy_may_bring_any_number_that_have_not_asked() -> None:
    door = doorway(in_all=5_000)
    assert [door.enter(f"{number}", None, 0.0) for number in range(2 * UNASKED)] == 2 * UNASKED * [()]
