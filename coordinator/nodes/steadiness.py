"""Decides when a node counts as degraded, so that its state does not change all the time. Pure.

Trouble has to last for `DEGRADED_AFTER_S`, and its end for `HEALTHY_AFTER_S`. The first word of a node counts
at once, because nothing is known before it. Silence is no word: what was waited for begins anew after it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from shared.messages.heartbeats import MISSING_AFTER_S

DEGRADED_AFTER_S: Final = 10.0
HEALTHY_AFTER_S: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Whether a node counts as degraded, and what its last heartbeats said."""

    degraded: bool
    heard_at: float
    """The last word, in monotonic seconds."""
    turned_at: float | None = None
    """Since when its words say the opposite of `degraded`; None: they agree."""


def heard(before: Course | None, now: float, *, trouble: bool, grave: bool) -> Course:
    """The course after one more heartbeat. `grave`: it gets no new sessions, so it is degraded at once."""
    if before is None or grave:
        return Course(degraded=trouble or grave, heard_at=now)
    if trouble is before.degraded:
        return replace(before, heard_at=now, turned_at=None)
    silent = now - before.heard_at >= MISSING_AFTER_S
    turned_at = now if silent or before.turned_at is None else before.turned_at
    if now - turned_at >= (DEGRADED_AFTER_S if trouble else HEALTHY_AFTER_S):
        return Course(degraded=trouble, heard_at=now)
    return replace(before, heard_at=now, turned_at=turned_at)
