"""Decides how many messages are stored in one transaction. Pure.

A transaction that stores alerts keeps all others from writing to SQLite's file. So a backlog is stored in
portions that are sized by time: as many messages as the last portion says can be stored in `STEP_S`, however
slow the machine is at present.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

STEP_S: Final = 0.05
"""How long others wait for one portion."""
LEAST: Final = 32
"""However long it takes: so many need `STEP_S` of processor time. Fewer would cost more each, because a
transaction costs as much as a dozen alerts, and a busy machine would never catch up."""
MOST: Final = 64


@dataclass(frozen=True, slots=True)
class Portion:
    """The number of messages to store next."""

    size: int = LEAST

    def after(self, count: int, took_s: float) -> Portion:
        """The next portion, after `count` messages took `took_s`.

        It is at most twice as large and at least half as large, so that a single slow commit changes little.
        A few messages that were quick prove nothing about more of them.
        """
        if count < self.size and took_s <= STEP_S:
            return self
        fitting = count * STEP_S / max(took_s, 1e-6)
        wanted = min(max(fitting, self.size / 2), self.size * 2)
        return Portion(min(max(round(wanted), LEAST), MOST))
