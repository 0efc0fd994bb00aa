"""Cuts decoded sound of any rate and layout into windows of 512 ms at 16 kHz mono.

Windows follow the media clock: time without sound is filled with zeros, and sound for a time that is already
filled is left out. Known silence (the sender sent none for a moment) and unknown zeros (packets were lost, or
nothing was sent for longer) are counted separately, because a voice detector must not read a loss as a pause.
"""

from __future__ import annotations

import av
import numpy as np
from numpy.typing import NDArray

from edge.media.frames import SAMPLE_RATE_HZ, WINDOW_SAMPLES, AudioWindow

_SLACK_S = 0.02
"""Smaller steps of the media clock are rounding errors, not gaps."""
_UNSENT_S = 1.0
"""A sender that leaves out silence still sends a packet every 0.4 s (Opus DTX in libopus). What happened in a
longer time without packets is unknown, even if their numbers show no loss."""
_FILL_S = 30.0
"""A longer gap starts a new timeline instead of being filled."""


class WindowMaker:
    """Cuts one track's sound into windows. Their `at_s` is in the caller's media time."""

    def __init__(self) -> None:
        self._resampler: av.AudioResampler | None = None
        self._input: tuple[str, str, int] | None = None
        self._samples = np.zeros(WINDOW_SAMPLES, np.float32)
        self._filled = 0
        self._lost = 0
        self._window_s: float | None = None
        self._end_s = 0.0
        """Until when the timeline is filled."""

    def push(self, frame: av.AudioFrame, start_s: float, lost_before: bool) -> list[AudioWindow]:
        """Add one decoded frame that starts at `start_s`. Return the windows that are full now."""
        gap_s = start_s - self._end_s
        windows: list[AudioWindow] = []
        if self._window_s is None or gap_s > _FILL_S or gap_s < -_FILL_S:
            windows += self._restart(start_s)
        elif gap_s > _SLACK_S:
            self._resampler = None
            missing = np.zeros(round(gap_s * SAMPLE_RATE_HZ), np.float32)
            windows += self._append(missing, lost=lost_before or gap_s > _UNSENT_S)
            self._end_s = start_s
        elif gap_s < -_SLACK_S:
            return []
        # Steps within the slack add up, so the end moves by what is appended, not to where the frame ends.
        self._end_s += frame.samples / frame.sample_rate
        for samples in self._resampled(frame):
            windows += self._append(samples, lost=False)
        return windows

    def finish(self) -> list[AudioWindow]:
        """End the timeline. The missing rest of the last window is filled with zeros and counts as lost."""
        if self._filled == 0:
            return []
        return self._append(np.zeros(WINDOW_SAMPLES - self._filled, np.float32), lost=True)

    def _restart(self, start_s: float) -> list[AudioWindow]:
        last = self.finish()
        self._resampler = None
        self._window_s = self._end_s = start_s
        return last

    def _resampled(self, frame: av.AudioFrame) -> list[NDArray[np.float32]]:
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._resampler is None or kind != self._input:
            self._resampler = av.AudioResampler(format="fltp", layout=frame.layout.name, rate=SAMPLE_RATE_HZ)
            self._input = kind
        # Gaps are handled here; with timestamps the resampler would fill them too.
        frame.pts = None
        # FFmpeg's own mix to mono adds 3 dB to sound in both channels, which exceeds full scale.
        return [_mono(out) for out in self._resampler.resample(frame)]

    def _append(self, samples: NDArray[np.float32], lost: bool) -> list[AudioWindow]:
        windows: list[AudioWindow] = []
        while len(samples):
            room = WINDOW_SAMPLES - self._filled
            part, samples = samples[:room], samples[room:]
            self._samples[self._filled : self._filled + len(part)] = part
            self._filled += len(part)
            self._lost += len(part) if lost else 0
            if self._filled == WINDOW_SAMPLES:
                windows.append(self._full_window())
        return windows

    def _full_window(self) -> AudioWindow:
        assert self._window_s is not None
        window = AudioWindow(self._window_s, self._samples, self._lost / WINDOW_SAMPLES)
        self._samples = np.zeros(WINDOW_SAMPLES, np.float32)
        self._filled = self._lost = 0
        self._window_s += WINDOW_SAMPLES / SAMPLE_RATE_HZ
        return window


def _mono(frame: av.AudioFrame) -> NDArray[np.float32]:
    """Samples of a planar frame; several channels are averaged."""
    if len(frame.planes) == 1:
        return np.frombuffer(memoryview(frame.planes[0]), np.float32, frame.samples)
    mixed: NDArray[np.float32] = frame.to_ndarray().mean(axis=0, dtype=np.float32)
    return mixed
