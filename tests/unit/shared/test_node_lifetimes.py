from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.node_lifetimes import (
    REPEATABLE,
    RETRY_AFTER,
    CertificateRefusal,
    KeptToken,
    KnownNode,
    join_refused,
    new_lifetime,
    renew_at,
    renewal_refused,
    repeated,
)

NOW = datetime(2026, 11, 30, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def test_a_certificate_lasts_a_day_and_is_renewed_after_two_thirds() -> None:
    made = new_lifetime(NOW)
    assert (made.begins_utc, made.ends_utc) == (NOW - 5 * MINUTE, NOW + 24 * HOUR)
    assert 15 * HOUR < made.renew_utc - NOW < 16 * HOUR


@pytest.mark.parametrize(
    ("age", "used", "refusal"),
    [
        (timedelta(), False, None),
        (15 * MINUTE - timedelta(seconds=1), False, None),
        (15 * MINUTE, False, CertificateRefusal.EXPIRED),
        (-timedelta(seconds=1), False, None),  # another replica's clock is ahead
        (MINUTE, True, CertificateRefusal.USED),
        (HOUR, True, CertificateRefusal.USED),
    ],
)
def test_a_token_lets_one_node_join_for_a_quarter_of_an_hour(
    age: timedelta, used: bool, refusal: CertificateRefusal | None
) -> None:
    kept = KeptToken(made_utc=NOW - age, used_utc=NOW if used else None)
    assert join_refused(kept, NOW) == refusal


def test_a_token_that_nobody_made_lets_nobody_join() -> None:
    assert join_refused(None, NOW) is CertificateRefusal.UNKNOWN


@pytest.mark.parametrize(
    ("node", "refusal"),
    [
        (KnownNode(signing_key="own", revoked=False), None),
        (KnownNode(signing_key="own", revoked=True), CertificateRefusal.REVOKED),
        (KnownNode(signing_key="former", revoked=False), CertificateRefusal.OTHER_KEY),
        (KnownNode(signing_key="former", revoked=True), CertificateRefusal.REVOKED),
        (None, CertificateRefusal.UNKNOWN),
    ],
)
def test_a_node_renews_with_its_own_key_unless_it_is_revoked(
    node: KnownNode | None, refusal: CertificateRefusal | None
) -> None:
    assert renewal_refused(node, "own") == refusal


def test_a_renewal_waits_for_its_time_and_after_failures_longer_and_longer() -> None:
    made = new_lifetime(NOW)
    assert renew_at(made, NOW, 0) == made.renew_utc
    late = NOW + 50 * HOUR  # the node was off
    assert renew_at(made, late, 0) == late
    waits = [(renew_at(made, late, failures) - late).total_seconds() for failures in (1, 2, 3, 6, 7, 10_000)]
    assert waits == [10, 20, 40, 300, 300, 300]


def test_a_node_whose_clock_is_fast_does_not_renew_all_the_time() -> None:
    given, fast = new_lifetime(NOW), NOW + 20 * HOUR  # good, but renewed at once by this clock
    assert renew_at(given, fast, 0, renewed_utc=fast) == fast + RETRY_AFTER
    assert renew_at(given, fast + HOUR, 0, renewed_utc=fast) == fast + HOUR
    assert renew_at(given, NOW, 0, renewed_utc=NOW) == given.renew_utc


def test_a_node_that_the_hub_turns_away_renews_at_once_but_not_again_and_again() -> None:
    given = new_lifetime(NOW)
    soon = NOW + timedelta(minutes=1)
    assert renew_at(given, soon, 0, turned_away=True) == soon
    assert renew_at(given, soon, 0, renewed_utc=NOW, turned_away=True) == NOW + RETRY_AFTER
    assert renew_at(given, soon, 2, turned_away=True) == renew_at(given, soon, 2)


def test_a_request_for_a_certificate_may_come_again_for_a_while_and_later_is_a_copy() -> None:
    first = new_lifetime(NOW).begins_utc
    assert not repeated(None, NOW)
    assert not repeated(first, NOW)
    assert not repeated(first, NOW + REPEATABLE - timedelta(seconds=1))
    assert repeated(first, NOW + REPEATABLE)
