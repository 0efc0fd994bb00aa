"""Which backups are due, which stay and which go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from coordinator.backups.planning import KnownBackup, due_utc, going
from coordinator.backups.releases import not_newer

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
KEEP = timedelta(days=30)
EVERY = timedelta(hours=6)


def made(hours_ago: float, *, good: bool = True) -> KnownBackup:
    return KnownBackup(f"{hours_ago:g}h", NOW - timedelta(hours=hours_ago), good)


def kept(known: list[KnownBackup], now: datetime = NOW) -> list[str]:
    gone = going(known, KEEP, now)
    return [one.backup_id for one in known if one.backup_id not in gone]


@pytest.mark.parametrize(
    ("known", "hours"),
    [
        ([], 0.0),
        ([made(1)], 5.0),
        ([made(6)], 0.0),
        ([made(30), made(2)], 4.0),
        ([made(30), made(2, good=False)], -24.0),
        ([made(1), made(-5)], 5.0),  # a clock was ahead: it does not let the present wait
        ([made(-5)], 0.0),
    ],
)
def test_a_backup_is_due_by_the_last_good_one(known: list[KnownBackup], hours: float) -> None:
    assert due_utc(known, EVERY, NOW) == NOW + timedelta(hours=hours)


def test_all_of_a_day_stay_then_the_last_of_each_day_for_thirty() -> None:
    # Four a day for forty days: at 0, 6, 12 and 18 h.
    known = [made(hours) for hours in range(0, 40 * 24, 6)]
    stay = kept(known)
    # 0-24 h: all five. Before: those of 18 h of each day, which began 18 h after its midnight.
    assert stay[:5] == ["0h", "6h", "12h", "18h", "24h"]
    assert stay[5:] == [f"{hours}h" for hours in range(42, 30 * 24 + 1, 24)]


def test_the_same_stay_however_often_it_is_asked() -> None:
    known = [made(hours) for hours in range(0, 40 * 24, 6)]
    now = NOW
    for _ in range(20):
        now += timedelta(hours=6)
        known.insert(0, KnownBackup(f"new {now}", now, good=True))
        gone = going(known, KEEP, now)
        known = [one for one in known if one.backup_id not in gone]
        assert going(known, KEEP, now) == ()
        assert len({one.made_utc.date() for one in known}) in (30, 31)


@pytest.mark.parametrize(
    ("known", "stay"),
    [
        ([made(24 * 90)], ["2160h"]),  # none can be made any more: it is all there is
        ([made(24 * 90), made(24 * 60)], ["1440h"]),
        ([made(24 * 90), made(1, good=False)], ["2160h", "1h"]),
        ([made(1), made(23, good=False), made(25, good=False)], ["1h", "23h"]),
        ([made(-5), made(1)], ["-5h", "1h"]),
        ([], []),
    ],
)
def test_the_newest_good_one_stays_and_what_is_not_finished_goes_after_a_day(
    known: list[KnownBackup], stay: list[str]
) -> None:
    assert kept(known) == stay


@pytest.mark.parametrize(
    ("release", "ours", "may"),
    [("0.1.0", "0.1.0", True), ("0.1.0", "0.2.0", True), ("0.10.0", "0.9.3", False), ("1.0", "0.9.3", False)],
)
def test_a_newer_release_is_known_by_its_numbers(release: str, ours: str, may: bool) -> None:
    assert not_newer(release, ours) is may
