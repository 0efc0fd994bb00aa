"""Decides whether a page that asks for its node is answered with the present one. Pure.

A session stays where it is while its node answers, because every move is unwatched time. A page whose media
are silent may find its node again; only one that has failed several times is moved from a node that answers,
and not without end. A node whose level is too low for an exam loses its sessions to one whose level is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from coordinator.nodes.assignments import Because

ENOUGH_FAILURES: Final = 2
"""After so many failed connections in a row, a page is believed that it cannot reach its node."""
MOST_ASKED: Final = 3
ASKED_WITHIN: Final = timedelta(minutes=10)
"""In this time a session is moved at most `MOST_ASKED` times only because its page asks for it."""


MOST_LEFT: Final = 3
"""In `ASKED_WITHIN` a session leaves at most so many nodes because their level is too low for its exam."""
SETTLED: Final = timedelta(seconds=10)
"""A node keeps a session for so long in any case: its page must find it there first."""


@dataclass(frozen=True, slots=True)
class Stay:
    """The session stays at its node. `refused`: its page has asked for too many moves."""

    refused: bool = False


def decide(
    answers: bool | None, failed: int, asked_utc: Sequence[datetime], now_utc: datetime
) -> Because | Stay:
    """Why the session is moved, or that it stays.

    `answers`: whether its node does; None: unknown, because the coordinator cannot reach the hub. `failed`:
    how often its page has failed to connect to it. `asked_utc`: its earlier moves at the page's request.
    """
    if answers is None:
        return Stay()
    if not answers:
        return Because.SILENT
    if failed < ENOUGH_FAILURES:
        return Stay()
    return Stay(refused=True) if _recent(asked_utc, now_utc) >= MOST_ASKED else Because.ASKED


def leaves(left_utc: Sequence[datetime], now_utc: datetime) -> bool:
    """Whether a session leaves a node whose level is too low for its exam. `left_utc`: when it has left
    others for that."""
    return _recent(left_utc, now_utc) < MOST_LEFT


def _recent(moves_utc: Sequence[datetime], now_utc: datetime) -> int:
    return sum(now_utc - one < ASKED_WITHIN for one in moves_utc)
