"""Detects voice: the probability of speech in each part of an audio window.

Two tiers give the same kind of result. Silero (MIT): a small recurrent network, one probability per 512
samples of 16 kHz. WebRTC's detector: no network, yes or no per 10 ms; the share of yes within a part is its
probability. Alone it takes half of all other sound for speech (typing 0.70 of the time, music 0.75, a ring
0.90), so its yes counts only if the last second is voiced (`models.voicing`). Both keep a state, so each
audio stream gets its own object.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import webrtcvad

from models.network import Network
from models.results import Floats
from models.voicing import is_voiced

SAMPLE_RATE_HZ = 16_000
PART_SAMPLES = 512
"""Samples per result: 32 ms."""
_CONTEXT_SAMPLES = 64
_WEBRTC_FRAME_SAMPLES = 160
_MAYBE = 0.5
"""From this share of voiced frames a part may be speech."""
_VOICING_PARTS = 16
"""Samples judged together, with as many before them: 1.024 s, the last two windows of an exam's sound."""


class VoiceStream(Protocol):
    """Takes the windows of one stream, in order."""

    def hear(self, samples: Floats, /) -> tuple[float, ...]:
        """Speech probability of each whole 512 samples of (N,) float32 −1…1 at 16 kHz. Not for two
        threads."""
        ...


class VoiceDetector(Protocol):
    """Makes streams; may be shared by all sessions."""

    @property
    def device(self) -> str: ...

    def stream(self) -> VoiceStream: ...


class Silero:
    """The tier with a network."""

    def __init__(self, network: Network) -> None:
        self._network = network

    @property
    def device(self) -> str:
        return self._network.device

    def stream(self) -> VoiceStream:
        return _SileroStream(self._network)


class _SileroStream:
    def __init__(self, network: Network) -> None:
        self._network = network
        self._state = np.zeros((2, 1, 128), np.float32)
        self._context = np.zeros(_CONTEXT_SAMPLES, np.float32)

    def hear(self, samples: Floats) -> tuple[float, ...]:
        probabilities = []
        for part in _parts(samples):
            heard = np.concatenate([self._context, part])[None]
            answer = self._network.run({"input": heard, "state": self._state})
            self._state, self._context = answer["stateN"], part[-_CONTEXT_SAMPLES:]
            probabilities.append(float(answer["output"][0, 0]))
        return tuple(probabilities)


class WebRtcVoice:
    """The tier without a network. `strictness` 0…3: higher treats more sounds as noise."""

    device = "cpu"

    def __init__(self, *, strictness: int = 3) -> None:
        self._strictness = strictness

    def stream(self) -> VoiceStream:
        return _WebRtcStream(self._strictness)


class _WebRtcStream:
    def __init__(self, strictness: int) -> None:
        self._detector = webrtcvad.Vad(strictness)
        self._rest = np.zeros(0, np.int16)
        self._last = np.zeros(PART_SAMPLES, np.float32)
        """The sound for the judgement of voicing, and the part before it."""
        self._maybe = np.zeros(0, np.bool_)

    def hear(self, samples: Floats) -> tuple[float, ...]:
        parts = _parts(samples)
        groups = (parts[start : start + _VOICING_PARTS] for start in range(0, len(parts), _VOICING_PARTS))
        return tuple(probability for group in groups for probability in self._judge(group))

    def _judge(self, parts: Floats) -> list[float]:
        shares = [self._share(part) for part in parts]
        maybe = np.concatenate([self._maybe, np.array(shares) > _MAYBE])
        heard = np.concatenate([self._last, parts.reshape(-1)])
        voiced = is_voiced(heard, maybe)
        self._maybe = maybe[-_VOICING_PARTS:]
        self._last = heard[-(len(self._maybe) + 1) * PART_SAMPLES :]
        return shares if voiced else [0.0] * len(shares)

    def _share(self, part: Floats) -> float:
        """The share of voiced frames that end within the part; 512 samples are 3.2 frames, so the rest
        waits."""
        levels = (np.clip(part, -1.0, 1.0) * 32767).astype(np.int16)
        waiting = np.concatenate([self._rest, levels])
        whole = len(waiting) - len(waiting) % _WEBRTC_FRAME_SAMPLES
        self._rest = waiting[whole:]
        frames = waiting[:whole].reshape(-1, _WEBRTC_FRAME_SAMPLES)
        voiced = sum(self._detector.is_speech(frame.tobytes(), SAMPLE_RATE_HZ) for frame in frames)
        return float(voiced / len(frames))


def _parts(samples: Floats) -> Floats:
    """(N, 512): the whole parts of a window. Raises ValueError for a window that is not a multiple of
    them."""
    if len(samples) == 0 or len(samples) % PART_SAMPLES:
        raise ValueError(f"{len(samples)} samples are not a multiple of {PART_SAMPLES}")
    return samples.reshape(-1, PART_SAMPLES)
