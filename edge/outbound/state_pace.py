"""Decides when a session's state is sent to the hub. Pure: only seconds.

At once after the session has reported anything, but not more often than once in `LEAST_S`; else every
`STATE_EVERY_S`. A state that could not be sent is not sent again: the next one is newer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from shared.messages.states import STATE_EVERY_S

LEAST_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class StatePace:
    """When the last state of one session was sent, and whether it has reported anything since."""

    sent_at: float | None = None
    """Monotonic seconds; None: none was sent yet."""
    news: bool = True

    def due_at(self) -> float:
        """When the next state is to be sent."""
        if self.sent_at is None:
            return float("-inf")
        return self.sent_at + (LEAST_S if self.news else STATE_EVERY_S)

    def reported(self) -> StatePace:
        """The session has reported something."""
        return StatePace(self.sent_at, True)

    def sent(self, now: float) -> StatePace:
        """A state with all that was reported so far is being sent."""
        return StatePace(now, False)
