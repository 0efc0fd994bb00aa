"""Decides when to request a keyframe from the sender. Pure: `now` is an argument."""

from __future__ import annotations

_REPEAT_S = 0.5
"""A request may be lost, so it is repeated; a shorter interval leaves no time to answer on a slow link."""


class KeyframeRequests:
    """Requests keyframes after a loss until one arrives, and at intervals without a loss.

    The intervals bound the ring of recent frames: it must start at a keyframe, so it is bounded only when
    keyframes arrive.
    """

    def __init__(self, every_s: float = 10.0) -> None:
        self._every_s = every_s
        self._keyframe_at: float | None = None
        self._asked_at: float | None = None
        self.damaged = True
        """Pictures decoded now may show traces of a loss: no keyframe has arrived since."""

    def lost(self) -> None:
        """Note that data is finally lost."""
        self.damaged = True

    def seen(self, keyframe: bool, now: float) -> None:
        """Note an arrived frame."""
        if keyframe:
            self.damaged = False
            self._keyframe_at = now

    def due(self, now: float) -> bool:
        """Whether to request one now. True counts as requested."""
        if self._asked_at is not None and now - self._asked_at < _REPEAT_S:
            return False
        overdue = self._keyframe_at is not None and now - self._keyframe_at >= self._every_s
        if not self.damaged and not overdue:
            return False
        self._asked_at = now
        return True
