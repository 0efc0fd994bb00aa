"""Encodes a few seconds of sound as Ogg Opus, small enough for an alert."""

from __future__ import annotations

import io

import av
import numpy as np
from numpy.typing import NDArray

from edge.media.frames import SAMPLE_RATE_HZ

BIT_RATE = 16_000
"""Bits per second: speech stays understandable, and 8 s are 16 kB."""
_FRAME_SAMPLES = SAMPLE_RATE_HZ * 20 // 1_000


def encode_clip(samples: NDArray[np.float32]) -> bytes:
    """Encode (N,) float32 −1…1 at 16 kHz mono as Ogg Opus. The last 20 ms may be padded with silence."""
    levels = (np.clip(samples, -1.0, 1.0) * 32767).astype(np.int16)
    padded = np.pad(levels, (0, -len(levels) % _FRAME_SAMPLES))
    written = io.BytesIO()
    with av.open(written, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=SAMPLE_RATE_HZ, layout="mono")
        stream.bit_rate = BIT_RATE
        for number, part in enumerate(padded.reshape(-1, 1, _FRAME_SAMPLES)):
            frame = av.AudioFrame.from_ndarray(part, format="s16", layout="mono")
            frame.sample_rate = SAMPLE_RATE_HZ
            frame.pts = number * _FRAME_SAMPLES
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return written.getvalue()
