"""When to ask the sender for a keyframe. Pure: `now` comes in."""

from __future__ import annotations

_REPEAT_S = 0.5
"""A request may be lost, so it is repeated; more often would come before any answer on a slow link."""


class KeyframeRequests:
    """Asks after a loss until a keyframe comes, and now and then without one.

    The second keeps the ring of recent frames decodable: it starts at a keyframe, so its size is bounded only
    when they come.
    """

    def __init__(self, every_s: float = 10.0) -> None:
        self._every_s = every_s
        self._keyframe_at: float | None = None
        self._asked_at: float | None = None
        self.damaged = True
        """Pictures decoded now may show traces of a loss: no keyframe came since."""
        self.asked = 0

    def lost(self) -> None:
        """Something was lost for good."""
        self.damaged = True

    def seen(self, keyframe: bool, now: float) -> None:
        """A frame came."""
        if keyframe:
            self.damaged = False
            self._keyframe_at = now

    def due(self, now: float) -> bool:
        """Whether to ask now; a True counts as asked."""
        if self._asked_at is not None and now - self._asked_at < _REPEAT_S:
            return False
        overdue = self._keyframe_at is not None and now - self._keyframe_at >= self._every_s
        if not self.damaged and not overdue:
            return False
        self._asked_at = now
        self.asked += 1
        return True
