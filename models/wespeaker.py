"""Embeds voices by a network on log mel energies (WeSpeaker: Wang et al. 2023): vectors of length one.

Input: (1, frames, 80) Kaldi energies with each band's mean over the input subtracted. Output: (1, D). No
weights of this kind were available: the code is proved on a small graph of the same signature, the accuracy
is not.
"""

from __future__ import annotations

import numpy as np

from models.fbank import SAMPLE_RATE_HZ, band_energies
from models.network import Network
from models.results import Floats

SHORTEST_S = 0.5


class WeSpeaker:
    """Embeds speech; two voices are compared by the cosine of their embeddings."""

    def __init__(self, network: Network, *, input_name: str = "feats") -> None:
        """`input_name` is this export's name of the energies input."""
        self._network = network
        self._input_name = input_name

    @property
    def device(self) -> str:
        return self._network.device

    def embed(self, samples: Floats) -> Floats:
        """(D,) of length one, from (N,) float32 −1…1 of speech at 16 kHz; ValueError under 0.5 s."""
        if len(samples) < SHORTEST_S * SAMPLE_RATE_HZ:
            raise ValueError(
                f"{len(samples) / SAMPLE_RATE_HZ:.2f} s of speech; at least {SHORTEST_S} s are needed"
            )
        energies = band_energies(samples)
        energies -= energies.mean(axis=0)
        vector = next(iter(self._network.run({self._input_name: energies[None]}).values()))[0]
        unit: Floats = (vector / max(float(np.linalg.norm(vector)), 1e-12)).astype(np.float32)
        return unit
