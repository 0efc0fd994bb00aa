"""Which backups are due, which stay and which go. Pure.

All of the last day stay, then the last one of each day in UTC, for so many days. The newest good one always
stays: if none can be made any more, it is all there is. What was not finished goes after a day.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

RECENT: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class KnownBackup:
    """One backup as it is found at its target."""

    backup_id: str
    made_utc: datetime
    good: bool
    """Whether it is whole, and signed by this coordinator."""


def due_utc(known: Collection[KnownBackup], every: timedelta, now_utc: datetime) -> datetime:
    """When the next backup is due: now, if there is none."""
    # One of the future was made with a clock that was ahead; it does not let the present wait.
    made = [one.made_utc for one in known if one.good and one.made_utc <= now_utc]
    return max(made) + every if made else now_utc


def going(known: Collection[KnownBackup], keep: timedelta, now_utc: datetime) -> tuple[str, ...]:
    """The backups to delete, oldest first."""
    staying: set[str] = set()
    days: set[object] = set()
    newest_first = sorted(known, key=lambda one: (one.made_utc, one.backup_id), reverse=True)
    whole = [one for one in newest_first if one.good]
    staying.update(one.backup_id for one in whole[:1])
    for one in whole:
        age = now_utc - one.made_utc
        if age <= RECENT or (age <= keep and one.made_utc.date() not in days):
            staying.add(one.backup_id)
        days.add(one.made_utc.date())
    staying.update(one.backup_id for one in newest_first if not one.good and now_utc - one.made_utc <= RECENT)
    return tuple(one.backup_id for one in reversed(newest_first) if one.backup_id not in staying)
