"""Token buckets."""

import pytest

from coordinator.web_api.rates import check_rate
from shared.errors import Rejected
from shared.rates import Bucket, Buckets, Rate


def test_a_burst_passes_then_the_rate_holds() -> None:
    buckets = Buckets(Rate(burst=3, per_s=0.5))
    assert [buckets.wait_s("a", 100.0) for _ in range(4)] == [0.0, 0.0, 0.0, 2.0]
    assert buckets.wait_s("a", 101.0) == pytest.approx(1.0)
    assert buckets.wait_s("a", 102.0) == 0.0
    assert buckets.refused == 2


def test_rest_fills_the_bucket_to_its_burst_and_no_further() -> None:
    buckets = Buckets(Rate(burst=2, per_s=1))
    assert buckets.wait_s("a", 0.0) == 0.0
    assert [buckets.wait_s("a", 1_000.0) for _ in range(3)] == [0.0, 0.0, 1.0]


def test_one_asker_does_not_use_anothers_share() -> None:
    buckets = Buckets(Rate(burst=1, per_s=1))
    assert [buckets.wait_s(key, 0.0) for key in ("a", "b", "a")] == [0.0, 0.0, 1.0]


def test_the_number_of_remembered_askers_is_bounded() -> None:
    buckets = Buckets(Rate(burst=1, per_s=0.001), max_keys=2)
    for key in ("a", "b", "c"):
        assert buckets.wait_s(key, 0.0) == 0.0
    assert buckets.wait_s("c", 0.0) > 0.0
    assert buckets.wait_s("a", 0.0) == 0.0  # forgotten first


def test_a_refusal_says_when_to_ask_again() -> None:
    buckets = Buckets(Rate(burst=1, per_s=0.1))
    check_rate(buckets, "a", 0.0)
    with pytest.raises(Rejected) as refused:
        check_rate(buckets, "a", 0.5)
    assert (refused.value.status, refused.value.code, refused.value.retry_after_s) == (
        429,
        "too-many-requests",
        10,
    )


def test_a_bucket_gives_amounts_and_takes_nothing_for_a_refusal() -> None:
    bucket = Bucket(Rate(burst=10, per_s=2))
    assert bucket.wait_s(0.0, 7) == 0.0
    assert bucket.wait_s(0.0, 5) == pytest.approx(1.0)
    assert bucket.wait_s(0.0, 3) == 0.0, "what was refused was not taken"
    assert bucket.wait_s(0.0) == pytest.approx(0.5)
    assert bucket.wait_s(1_000.0, 10) == 0.0, "a long pause saves up one burst"
    assert bucket.wait_s(1_000.0) > 0.0


def test_one_may_look_at_a_bucket_without_taking_from_it() -> None:
    buckets = Buckets(Rate(burst=1, per_s=0.5))
    assert [buckets.spent("a", 0.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    buckets.wait_s("a", 0.0)
    assert buckets.spent("a", 0.0) == pytest.approx(2.0)
    assert buckets.spent("b", 0.0) == 0.0
    assert buckets.spent("a", 2.0) == 0.0
