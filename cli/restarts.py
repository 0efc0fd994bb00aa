"""Decides whether and when a program that has ended is started again. Pure; times are monotonic seconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

MAX_RESTARTS: Final = 5
WINDOW_S: Final = 60.0
"""A program that ends more than `MAX_RESTARTS` times within this time is not started again."""
FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 5.0
FOR_A_PERSON: Final = 2
"""The exit status of our programs for a problem that a person must fix."""


def restart_after_s(ends: Sequence[float], status: int) -> float | None:
    """The pause before the next start; None when the program stays down.

    `ends`: when it has ended so far, this time included; `status`: how it ended this time.
    """
    recent = [at for at in ends if ends[-1] - at <= WINDOW_S]
    if status == FOR_A_PERSON or len(recent) > MAX_RESTARTS:
        return None
    return min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** (len(recent) - 1))
