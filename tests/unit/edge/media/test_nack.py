from __future__ import annotations

from edge.media.nack import MissingPackets


def test_a_new_hole_is_asked_for_at_once_and_across_the_wrap() -> None:
    missing = MissingPackets()
    assert missing.add(65_534, 0.0) == ()
    assert missing.add(1, 0.01) == (65_535, 0)


def test_an_unanswered_request_is_repeated_and_then_given_up() -> None:
    missing = MissingPackets(retry_s=0.08, attempts=3)
    missing.add(0, 0.0)
    asked = [missing.add(n, 0.04 * n) for n in range(2, 20)]
    assert asked.count((1,)) == 3
    assert asked[0] == (1,)
    assert asked[1] == ()


def test_an_answered_request_is_not_repeated() -> None:
    missing = MissingPackets(retry_s=0.08)
    missing.add(0, 0.0)
    missing.add(2, 0.02)
    assert missing.add(1, 0.05) == ()
    assert missing.add(3, 0.5) == ()


def test_after_an_outage_nothing_hopeless_is_asked_for() -> None:
    missing = MissingPackets()
    missing.add(0, 0.0)
    assert missing.add(400, 8.0) == ()
    assert missing.add(402, 8.1) == (401,)


def test_the_memory_of_holes_is_bounded() -> None:
    missing = MissingPackets(retry_s=0.0, attempts=1_000)
    largest = max(len(missing.add(n, n * 0.01)) for n in range(0, 2_000, 2))
    assert largest <= 128
