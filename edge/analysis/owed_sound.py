"""Whether sound is owed and does not come: pictures arrive and the microphone gives nothing at all. Pure.

A track that was never sent, or was taken away, makes no windows of silence. While pictures come the
connection stands, so that sound should come too. A gap of the pictures begins the wait anew: it speaks of the
network.
"""

from __future__ import annotations

from dataclasses import dataclass

GRACE_S = 3.0
"""Sound may be this late: 0.5 s of a window, what jitter buffers and a slow network hold back."""
EVERY_S = 1.0
LAG_S = 1.0
"""What is said is said of so long ago, so that a window on its way does not come before it."""


@dataclass(slots=True)
class OwedSoundState:
    """When pictures and sound came last."""

    seen_s: float | None = None
    since_s: float = 0.0
    """Since when sound has been owed."""
    told_s: float = 0.0


class OwedSound:
    """The sound of one session."""

    __slots__ = ("_state",)

    def __init__(self, state: OwedSoundState | None = None) -> None:
        self._state = state or OwedSoundState()

    def heard(self, until_s: float) -> None:
        """A window has come that ends then."""
        self._state.since_s = max(self._state.since_s, until_s)

    def pause(self, until_s: float) -> None:
        """Let the time until then count as if sound had come: nobody could hear it."""
        self.heard(until_s)

    def overdue(self, at_s: float) -> float | None:
        """For when it is to be said that nothing is heard, at a picture taken at `at_s`; None: not now."""
        own = self._state
        if own.seen_s is None or at_s - own.seen_s > GRACE_S:
            own.since_s = max(own.since_s, at_s)
        own.seen_s = at_s
        if at_s - own.since_s < GRACE_S or at_s - own.told_s < EVERY_S:
            return None
        own.told_s = at_s
        return at_s - LAG_S
