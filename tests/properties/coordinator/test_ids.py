"""Ids carry their instant and stay valid whatever the bits."""

from __future__ import annotations

from uuid import RFC_4122

from hypothesis import given, strategies as st

from coordinator.ground.ids import uuid7_of

times = st.integers(0, 2**48 - 1)
randomness = st.integers(0, 2**74 - 1)


@given(times, randomness)
def test_version_and_variant_stand_whatever_the_bits(unix_ms: int, bits: int) -> None:
    made = uuid7_of(unix_ms, bits)
    assert (made.version, made.variant) == (7, RFC_4122)
    assert made.int >> 80 == unix_ms


@given(times, times, randomness, randomness)
def test_ids_sort_by_their_millisecond(first: int, second: int, bits: int, others: int) -> None:
    if first < second:
        assert uuid7_of(first, bits) < uuid7_of(second, others)
