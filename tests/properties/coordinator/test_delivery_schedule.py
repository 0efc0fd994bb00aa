"""Waits and the order of sending, whatever happens at a destination and by chance."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address

from hypothesis import given, strategies as st

from coordinator.deliveries.outcomes import DELIVERED, Ending, Outcome, outcome_of
from coordinator.deliveries.schedule import (
    Breaker,
    Pace,
    Tried,
    Try,
    after_try,
    breaker_after,
    may_send,
    probes,
    wait_s,
)
from shared.destination_url import address_trouble

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
PACE = Pace()
chances = st.floats(0.0, 1.0)
failures = st.builds(
    Outcome,
    st.sampled_from([Ending.TROUBLE, Ending.REFUSED]),
    st.just("status-500"),
    st.none() | st.floats(0.0, 86_400.0),
)
outcomes = failures | st.just(DELIVERED)


@given(st.integers(0, 10_000), chances)
def test_a_wait_lies_between_half_of_the_first_and_the_longest(failed: int, chance: float) -> None:
    assert PACE.first_wait_s / 2 <= wait_s(PACE, failed, chance) <= PACE.longest_wait_s


@given(st.integers(0, 100), failures, chances)
def test_nothing_is_tried_earlier_than_its_wait_or_the_one_asked_for(
    attempts: int, outcome: Outcome, chance: float
) -> None:
    fate = after_try(PACE, Tried(attempts, NOW), outcome, NOW, chance)
    least = max(wait_s(PACE, attempts + 1, chance), outcome.retry_after_s or 0.0)
    assert fate.next_try_utc >= NOW + timedelta(seconds=least) - timedelta(microseconds=1)
    assert fate.attempts == attempts + 1


@given(st.lists(st.tuples(outcomes, chances, st.floats(0.0, 1_000.0)), max_size=60))
def test_a_destination_is_asked_again_within_the_longest_wait_unless_it_asked_for_more(
    tries: list[tuple[Outcome, float, float]],
) -> None:
    breaker, now, longest_until = Breaker(), NOW, NOW
    for outcome, chance, passes_s in tries:
        if may_send(breaker, now):
            breaker = breaker_after(PACE, breaker, Try(outcome, probes(PACE, breaker)), now, chance)
            wait = max(PACE.longest_wait_s, outcome.retry_after_s or 0.0)
            longest_until = max(longest_until, now + timedelta(seconds=wait))
            if outcome is DELIVERED:
                assert breaker == Breaker()
        if breaker.open_until_utc is not None:
            assert breaker.open_until_utc <= longest_until
        if probes(PACE, breaker):
            assert breaker.open_until_utc is not None
        now += timedelta(seconds=passes_s)


@given(st.integers(100, 599), st.text(max_size=40))
def test_any_status_and_header_is_an_outcome(status: int, header: str) -> None:
    outcome = outcome_of(status, header, NOW)
    assert (outcome.ending is Ending.DELIVERED) is (200 <= status < 300)
    assert outcome.retry_after_s is None or 0.0 <= outcome.retry_after_s <= 86_400.0


@given(st.ip_addresses(v=4).map(lambda one: IPv4Address(int(one))))
def test_an_address_in_another_dress_is_no_more_open_than_itself(address: IPv4Address) -> None:
    plain = address_trouble(address, loopback=False)
    assert address_trouble(IPv6Address(f"::ffff:{address}"), loopback=False) == plain
    for prefix in ("::", "64:ff9b::"):
        assert address_trouble(IPv6Address(f"{prefix}{address}"), loopback=False) is not None


@given(st.ip_addresses(v=6).map(lambda one: IPv6Address(int(one))), st.booleans())
def test_what_may_be_reached_is_global_and_no_group(address: IPv6Address, loopback: bool) -> None:
    if address_trouble(address, loopback=False) is None:
        assert not address.is_multicast
        assert not address.is_private
        assert address_trouble(address, loopback=loopback) is None
