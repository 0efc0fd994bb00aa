"""Features, tokens and greedy decoding of Whisper, without its weights."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from models.whisper import (
    END,
    MAX_TOKENS,
    NOTHING_SAID,
    START,
    Whisper,
    log_mel,
    read_vocabulary,
)
from shared.errors import Corrupt
from tests.support.foreign import Answering

WORDS = {1: b" what", 2: b" is", 3: b" it", 4: "é".encode()[:1], 5: "é".encode()[1:]}


class Script:
    """A decoder that says given tokens and remembers what it was fed."""

    device = "test"

    def __init__(self, *tokens: int, silence: float = -20.0) -> None:
        self.fed: list[tuple[int, list[int]]] = []
        self._tokens = [*tokens, END]
        self._silence = silence

    def run(self, inputs: Mapping[str, NDArray[Any]], /) -> dict[str, NDArray[Any]]:
        # The state must come back as it was given, one step older each time.
        step = int(inputs["in_n_layer_self_k_cache"][0, 0, 0, 0])
        assert step == len(self.fed)
        assert inputs["n_layer_cross_k"].shape == (2, 1, 1500, 4)
        self.fed.append((int(inputs["offset"][0]), inputs["tokens"][0].tolist()))
        logits = np.full((1, inputs["tokens"].shape[1], 51_865), -20.0, np.float32)
        logits[0, -1, self._tokens[min(step, len(self._tokens) - 1)]] = 5.0
        logits[0, 0, NOTHING_SAID] = self._silence
        older = np.full_like(inputs["in_n_layer_self_k_cache"], step + 1)
        return {"logits": logits, "out_n_layer_self_k_cache": older, "out_n_layer_self_v_cache": older}


def whisper(decoder: Script) -> Whisper:
    cross = np.zeros((2, 1, 1500, 4), np.float32)

    def encode(inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        assert inputs["mel"].shape == (1, 80, 3000)
        return {"n_layer_cross_k": cross, "n_layer_cross_v": cross}

    return Whisper(Answering(encode), decoder, WORDS)


SOUND = np.random.default_rng(1).normal(0, 0.1, 16_000).astype(np.float32)


def test_tokens_are_said_until_the_end() -> None:
    decoder = Script(1, 2, 3)
    assert whisper(decoder).transcribe(SOUND).text == "what is it"
    assert decoder.fed[0][0] == 0
    assert decoder.fed[0][1][0] == START
    assert decoder.fed[1:] == [(4, [1]), (5, [2]), (6, [3])]


def test_a_letter_of_two_tokens_is_one_letter() -> None:
    assert whisper(Script(4, 5)).transcribe(SOUND).text == "é"


def test_silence_has_no_words() -> None:
    transcript = whisper(Script(1, 2, silence=9.0)).transcribe(SOUND)
    assert transcript.text == ""
    assert transcript.silence > 0.9


def test_a_decoder_that_never_ends_is_stopped() -> None:
    decoder = Script(*[1] * 1000)
    assert len(whisper(decoder).transcribe(SOUND).text.split()) == MAX_TOKENS


def test_a_tone_stands_in_its_band_and_silence_is_even() -> None:
    tone = (np.sin(2 * np.pi * 1000 * np.arange(160_000) / 16_000) * 0.5).astype(np.float32)
    energies = log_mel(tone)
    assert energies.shape == (80, 3000)
    # Slaney's scale: 1 kHz is mel 15 of 45.25 up to 8 kHz, a third of the way up 80 bands.
    assert energies[:, 500].argmax() == pytest.approx(26, abs=1)
    assert energies[:, 500].max() - energies[:, 2000].max() == pytest.approx(2.0, abs=0.01)
    assert np.ptp(log_mel(np.zeros(100, np.float32))) == 0.0


def test_more_than_thirty_seconds_are_cut() -> None:
    assert log_mel(np.ones(600_000, np.float32) * 0.1).shape == (80, 3000)


def test_the_vocabulary_is_read_and_anything_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokens.txt"
    path.write_text("".join(f"{base64.b64encode(text).decode()} {n}\n" for n, text in WORDS.items()))
    assert read_vocabulary(path) == WORDS
    path.write_text("no tokens at all\n")
    with pytest.raises(Corrupt, match=r"tokens\.txt"):
        read_vocabulary(path)
