from __future__ import annotations

from edge.media.rate import TokenBucket


def test_a_burst_is_allowed_and_then_the_average() -> None:
    bucket = TokenBucket(burst=3, per_s=2.0)
    assert [bucket.allows(0.0) for _ in range(5)] == [True, True, True, False, False]
    assert [bucket.allows(1.0) for _ in range(3)] == [True, True, False]


def test_a_long_pause_saves_up_no_more_than_a_burst() -> None:
    bucket = TokenBucket(burst=3, per_s=2.0)
    bucket.allows(0.0)
    assert [bucket.allows(1_000.0) for _ in range(4)] == [True, True, True, False]
