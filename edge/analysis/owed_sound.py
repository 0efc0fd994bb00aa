"""Detects missing sound: pictures arrive, and no sound at all. Pure.

An audio track that was never sent, or was removed, gives no windows of silence. While pictures arrive the
connection works, so sound should arrive too. A gap in the pictures restarts the wait, because then the
network is the cause.
"""

from __future__ import annotations

from dataclasses import dataclass

GRACE_S = 3.0
"""Sound may be this late: 0.5 s for a window, the rest for jitter buffers and a slow network."""
EVERY_S = 1.0
LAG_S = 1.0
"""The report is for a time this long ago, so that a window still on its way is not earlier than it."""


@dataclass(slots=True)
class OwedSoundState:
    """When pictures and sound last arrived."""

    seen_s: float | None = None
    since_s: float = 0.0
    """Since when sound has been expected."""
    told_s: float = 0.0


class OwedSound:
    """Watches for missing sound of one session."""

    __slots__ = ("_state",)

    def __init__(self, state: OwedSoundState | None = None) -> None:
        self._state = state or OwedSoundState()

    def heard(self, until_s: float) -> None:
        """Note an arrived window and its end."""
        self._state.since_s = max(self._state.since_s, until_s)

    def pause(self, until_s: float) -> None:
        """Count the time until `until_s` as if sound had arrived, because nobody could hear it."""
        self.heard(until_s)

    def overdue(self, at_s: float) -> float | None:
        """At a picture taken at `at_s`, the time for which to report missing sound; None: not now."""
        own = self._state
        if own.seen_s is None or at_s - own.seen_s > GRACE_S:
            own.since_s = max(own.since_s, at_s)
        own.seen_s = at_s
        if at_s - own.since_s < GRACE_S or at_s - own.told_s < EVERY_S:
            return None
        own.told_s = at_s
        return at_s - LAG_S
