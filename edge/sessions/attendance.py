"""Decides which sessions hold a seat: those whose page is here, or due. Pure.

A session that nobody joined within the join window, or whose page has been away for as long, gives its seat
to another. It is not ended: whoever comes later is still watched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ABSENT: Final = frozenset({"waiting", "silent"})
"""Phases (`SessionState.phase`) of a session that no page sends media to. A paused one keeps its seat."""


@dataclass(frozen=True, slots=True)
class Attendance:
    """Whether a session's page is here."""

    absent_since_s: float | None
    """Since when it is not; None: it is here."""


def attended(before: Attendance | None, phase: str, now_s: float) -> Attendance:
    """The attendance after one more look at the session's phase; `before` is None at the first."""
    if phase not in ABSENT:
        return Attendance(None)
    if before is None or before.absent_since_s is None:
        return Attendance(now_s)
    return before


def holds_seat(attendance: Attendance | None, now_s: float, join_window_s: float) -> bool:
    """Whether the session holds a seat; one that was not looked at yet does."""
    if attendance is None or attendance.absent_since_s is None:
        return True
    return now_s - attendance.absent_since_s < join_window_s
