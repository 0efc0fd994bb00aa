"""Decides which lost packets to request again, and when.

aiortc requests once per new gap and never again; one lost NACK or one lost retransmission then leaves a hole
until the next gap. Repeated requests, while an answer is still useful, close most of those holes before the
jitter buffer must skip them. Pure: `now` is an argument.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge.media.serial import Unwrapper

_WINDOW = 128
"""Packets a sender is assumed to remember; aiortc's own history (RTP_HISTORY_SIZE) is as long."""


@dataclass(slots=True)
class _Missing:
    asked_at: float
    asked: int


class MissingPackets:
    """Remembers holes in one RTP stream and tells with each arrived packet which to request."""

    def __init__(self, retry_s: float = 0.08, attempts: int = 3) -> None:
        self._retry_s = retry_s
        self._attempts = attempts
        self._sequence = Unwrapper(16)
        self._highest: int | None = None
        self._missing: dict[int, _Missing] = {}

    def add(self, sequence: int, now: float) -> tuple[int, ...]:
        """Note an arrived packet. Return the 16-bit numbers to request now, oldest first.

        New holes are requested at once, old ones again after `retry_s`, each at most `attempts` times.
        A hole wider than the sender's memory is not requested.
        """
        number = self._sequence.extend(sequence)
        if self._highest is None or abs(number - self._highest) > _WINDOW:
            self._highest = number
            self._missing.clear()
            return ()
        self._missing.pop(number, None)
        for hole in range(self._highest + 1, number):
            self._missing[hole] = _Missing(asked_at=now - self._retry_s, asked=0)
        self._highest = max(self._highest, number)
        self._forget_old()
        return tuple(hole & 0xFFFF for hole in self._due(now))

    def _forget_old(self) -> None:
        assert self._highest is not None
        oldest = self._highest - _WINDOW
        for hole in [h for h in self._missing if h < oldest]:
            del self._missing[hole]

    def _due(self, now: float) -> list[int]:
        due = []
        for hole, state in self._missing.items():
            if state.asked < self._attempts and now - state.asked_at >= self._retry_s:
                state.asked += 1
                state.asked_at = now
                due.append(hole)
        return due
