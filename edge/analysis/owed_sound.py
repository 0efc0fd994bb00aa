"""Whether sound is owed and does not come: pictures arrive and the microphone gives nothing at all. Pure.

A track that was never sent, or was taken away, makes no windows of silence. While pictures come the
connection stands, so that sound should come too. A gap of the pictures begins the wait anew: it speaks of the
network.
"""

from __future__ import annotations

GRACE_S = 3.0
"""Sound may be this late: 0.5 s of a window, what jitter buffers and a slow network hold back."""
EVERY_S = 1.0
LAG_S = 1.0
"""What is said is said of so long ago, so that a window on its way does not come before it."""


class OwedSound:
    """The sound of one session."""

    __slots__ = ("_seen_s", "_since_s", "_told_s")

    def __init__(self) -> None:
        self._seen_s: float | None = None
        self._since_s = 0.0
        self._told_s = 0.0

    def heard(self, until_s: float) -> None:
        """A window has come that ends then."""
        self._since_s = max(self._since_s, until_s)

    def overdue(self, at_s: float) -> float | None:
        """For when it is to be said that nothing is heard, at a picture taken at `at_s`; None: not now."""
        if self._seen_s is None or at_s - self._seen_s > GRACE_S:
            self._since_s = max(self._since_s, at_s)
        self._seen_s = at_s
        if at_s - self._since_s < GRACE_S or at_s - self._told_s < EVERY_S:
            return None
        self._told_s = at_s
        return at_s - LAG_S
