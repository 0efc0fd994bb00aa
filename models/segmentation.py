"""Who speaks when within ten seconds, by pyannote's segmentation 3.0 (Bredin, Plaquet 2023; MIT).

Input: (1, 1, 160000) samples −1…1 at 16 kHz. Output: (1, 589, 7), for each 16.9 ms the likelihood of each set
of at most two of three speakers ("powerset"): nobody, A, B, C, A and B, A and C, B and C. The names are valid
only within one window. No weights were available: the decoding is proved on a small graph, the accuracy is
not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.network import Network
from models.results import Floats

SAMPLE_RATE_HZ = 16_000
WINDOW_SAMPLES = 160_000
STEP_S = 270 / SAMPLE_RATE_HZ
"""Time between two outputs: the product of the network's strides is 270 samples."""
SHORTEST_SPEECH_S = 0.5
"""A person who speaks for less within the window is not counted."""

SETS = np.array(
    [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1]],
    np.bool_,
)


@dataclass(frozen=True, slots=True, eq=False)
class Turns:
    """Who speaks when in one window."""

    active: NDArray[np.bool_]
    """(589, 3): whether each of up to three people speaks, every 16.9 ms."""

    @property
    def speakers(self) -> int:
        """How many people speak for half a second or more."""
        return int((self.active.sum(axis=0) * STEP_S >= SHORTEST_SPEECH_S).sum())

    @property
    def speech_s(self) -> float:
        return float(self.active.any(axis=1).sum()) * STEP_S

    @property
    def overlap_s(self) -> float:
        """How long two people speak at once."""
        return float((self.active.sum(axis=1) > 1).sum()) * STEP_S


class Segmentation:
    """May be shared by all sessions."""

    def __init__(self, network: Network, *, input_name: str = "x") -> None:
        self._network = network
        self._input_name = input_name

    @property
    def device(self) -> str:
        return self._network.device

    def turns(self, samples: Floats) -> Turns:
        """Who speaks when in the last 10 s of (N,) float32 −1…1 at 16 kHz; missing sound counts as
        silence."""
        window = np.zeros((1, 1, WINDOW_SAMPLES), np.float32)
        last = samples[-WINDOW_SAMPLES:]
        window[0, 0, : len(last)] = last
        answer = next(iter(self._network.run({self._input_name: window}).values()))[0]
        return Turns(decode(answer))


def decode(likely: Floats) -> NDArray[np.bool_]:
    """(frames, 3) speakers, from (frames, 7) likelihoods or their logarithms."""
    active: NDArray[np.bool_] = SETS[likely.argmax(axis=1)]
    return active
