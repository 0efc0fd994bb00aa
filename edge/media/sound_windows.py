"""Turns one track's decoded sound into windows, each with the time at which it was captured.

A sender says freely at what time its sound begins. Whatever it says, no window is captured after it has
arrived, there are no more windows than time has passed (and some credit), and where nothing arrived for a
while they say so: otherwise sound that nobody could hear would count as heard.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import av

from edge.media.audio import WindowMaker
from edge.media.clock import CaptureClock
from edge.media.decoder import AUDIO_CLOCK_HZ
from edge.media.encoded import Encoded
from edge.media.frames import AudioWindow
from edge.media.sound_pace import Pace, SoundPace


class SoundWindows:
    """The sound of one track, in monotonic seconds of this machine."""

    def __init__(self) -> None:
        self.paces: Counter[Pace] = Counter()
        """What became of the pieces so far."""
        self._maker = WindowMaker()
        self._pace = SoundPace()
        self._capture = CaptureClock(AUDIO_CLOCK_HZ)
        self._expected = 1

    def add(self, frame: av.AudioFrame, source: Encoded) -> list[AudioWindow] | None:
        """Add a decoded piece. Returns the windows that are full now; None: it was left out."""
        start_s = source.timestamp / AUDIO_CLOCK_HZ
        judged = self._pace.judge(start_s, frame.samples / frame.sample_rate, source.arrived_at)
        self.paces[judged] += 1
        if judged is Pace.TOO_FAST:
            return None
        if judged is Pace.LEAPS:
            self._maker = WindowMaker()
        self._capture.heard(source.timestamp, source.arrived_at)
        lost_before, self._expected = source.index > self._expected, source.index + 1
        windows = self._maker.push(frame, start_s, lost_before)
        return [replace(each, at_s=self._capture.at(each.at_s * AUDIO_CLOCK_HZ)) for each in windows]

    def captured_at(self, source: Encoded) -> float:
        """When a piece that was added was captured."""
        return self._capture.at(source.timestamp)
