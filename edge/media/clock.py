"""Converts RTP timestamps to the session clock. Pure: arrival times are arguments.

The two tracks of a peer have clocks with unrelated origins. Each is tied to the receiver's monotonic clock by
its fastest packets: arrival minus media time is smallest when the network delayed least, and that minimum is
nearly constant. Both tracks are then on one clock, except for the difference of their least delays (a few
milliseconds). Sender reports would remove that too, but aiortc keeps them inside the receiver.

A delay that stays becomes the new least delay: when even the fastest packets of the last seconds are more
than `_BEHIND_S` late, the clock follows them slowly (`_SETTLE`), so that no capture time jumps.
"""

from __future__ import annotations

from dataclasses import dataclass

_CREEP = 0.0005
"""Seconds per second by which the least delay may grow again: faster than the drift of any sound card."""
_JUMP_S = 5.0
"""A media clock that fell behind by more has been set back or paused."""
_STEP_BACK_S = 0.25
"""Frames come in order: one with an earlier timestamp than the frame before shows that the clock was set
back. Smaller steps are rounding and reordered pictures."""
_BEHIND_S = 0.5
"""Queues of a busy network delay packets by less than this, and only for a while."""
_SETTLE = 0.1
"""Seconds per second by which the least delay grows while all packets are late."""
_RECENT_S = 5.0
"""The fastest packets of the last one to two times this long are compared with the least delay."""


class CaptureClock:
    """Computes when a track's frames were captured, in monotonic seconds of this machine."""

    def __init__(self, clock_hz: int) -> None:
        self._clock_hz = clock_hz
        self._offset_s: float | None = None
        self._timestamp = 0
        self._arrived_at = 0.0
        self._recent_at = 0.0
        """Start of the time that `_recent_s` is about."""
        self._recent_s = self._before_s = 0.0
        """Least delay in that time, and in the `_RECENT_S` before."""

    def heard(self, timestamp: int, arrived_at: float) -> None:
        """Learn from one frame: its RTP timestamp in ticks and its arrival in monotonic seconds."""
        offset_s = arrived_at - timestamp / self._clock_hz
        set_back = timestamp < self._timestamp - _STEP_BACK_S * self._clock_hz
        self._timestamp = timestamp
        if self._offset_s is None or set_back or offset_s - self._offset_s > _JUMP_S:
            self._offset_s = self._recent_s = self._before_s = offset_s
            self._recent_at = arrived_at
        else:
            least_s = self._least(offset_s, arrived_at)
            rate = _SETTLE if least_s - self._offset_s > _BEHIND_S else _CREEP
            crept_s = self._offset_s + rate * max(0.0, arrived_at - self._arrived_at)
            self._offset_s = min(offset_s, crept_s)
        self._arrived_at = arrived_at

    def _least(self, offset_s: float, arrived_at: float) -> float:
        """The least delay of the last seconds."""
        if arrived_at - self._recent_at >= _RECENT_S:
            self._before_s, self._recent_s, self._recent_at = self._recent_s, offset_s, arrived_at
        self._recent_s = min(self._recent_s, offset_s)
        return min(self._recent_s, self._before_s)

    def at(self, timestamp: float) -> float:
        """Monotonic seconds at which the tick `timestamp` was captured, less the network's least delay."""
        if self._offset_s is None:
            raise ValueError("no frame was heard yet")
        return timestamp / self._clock_hz + self._offset_s


@dataclass(slots=True)
class SessionClock:
    """Starts when a page first connects. All successive peers of the session share it."""

    begins_s: float = 0.0
    """Session time at that moment; above zero when an earlier run of a node watched before."""
    zero_at: float | None = None
    """Monotonic seconds of session time zero; None until then."""

    def session_s(self, at: float) -> float:
        """Session seconds of monotonic time `at`; the first call sets zero."""
        if self.zero_at is None:
            self.zero_at = at - self.begins_s
        return at - self.zero_at
