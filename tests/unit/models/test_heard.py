"""What each network that hears is fed, by stand-ins that remember it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.voice import Silero
from models.wespeaker import WeSpeaker
from tests.support.foreign import Answering

NOISE = np.random.default_rng(7).normal(0.0, 0.1, 200_000).astype(np.float32)


def test_silero_hears_each_part_behind_the_end_of_the_one_before() -> None:
    heard: list[dict[str, NDArray[Any]]] = []

    def answer(inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        heard.append({name: np.array(array) for name, array in inputs.items()})
        return {"output": np.zeros((1, 1), np.float32), "stateN": inputs["state"] + 1}

    stream = Silero(Answering(answer)).stream()
    stream.hear(NOISE[:1024])
    stream.hear(NOISE[1024:1536])
    padded = np.concatenate([np.zeros(64, np.float32), NOISE])
    for number, inputs in enumerate(heard):
        assert (inputs["input"] == padded[None, number * 512 : number * 512 + 576]).all()
        assert (inputs["state"] == number).all()
    assert len(heard) == 3


def test_a_speaker_network_is_fed_energies_without_the_mean_of_each_band() -> None:
    heard: list[NDArray[Any]] = []

    def answer(inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        heard.append(np.array(inputs["feats"]))
        return {"embs": np.ones((1, 256), np.float32)}

    WeSpeaker(Answering(answer)).embed(NOISE[:32_000])
    (energies,) = heard
    assert energies.shape == (1, 198, 80)
    assert np.abs(energies[0].mean(axis=0)).max() < 1e-3
    assert energies[0].std(axis=0).min() > 0.1
