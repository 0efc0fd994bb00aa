"""Transcribes speech by Whisper (Radford et al. 2022; MIT). Only if policy and candidate allow it.

Input: the log mel energies of 30 s, padded with silence. The encoder runs once; the decoder then produces one
token after the other, each the most likely (greedy), until the end token. The files are the two networks as
sherpa-onnx exports them, with the state of the decoder's layers passed in and out, and its tokens in base64.
No weights were available: the code is proved on small graphs, the accuracy is not.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.network import Network
from models.results import Floats
from models.speaker import HOP_SAMPLES, SAMPLE_RATE_HZ, WINDOW_SAMPLES, mel_filters
from shared.errors import Corrupt

BANDS = 80
LONGEST_SAMPLES = 30 * SAMPLE_RATE_HZ
MAX_TOKENS = 200
"""Tokens per call; the decoder's memory holds 448."""
SILENCE_PROBABILITY = 0.6
"""Above it nothing was said, whatever the tokens; the value in the paper."""

END, START, ENGLISH, TRANSCRIBE, NOTHING_SAID, NO_TIMES = 50257, 50258, 50259, 50359, 50362, 50363
"""Tokens of the multilingual vocabulary; all from END on are commands, not words."""
_MEMORY = 448


@dataclass(frozen=True, slots=True)
class Transcript:
    """The words in one section of sound."""

    text: str
    silence: float
    """Probability that nothing was said, 0…1."""


class Whisper:
    """May be shared by all sessions; a call takes a second and more. `vocabulary`: bytes of each token."""

    def __init__(
        self, encoder: Network, decoder: Network, vocabulary: Mapping[int, bytes], *, language: int = ENGLISH
    ) -> None:
        self._encoder = encoder
        self._decoder = decoder
        self._vocabulary = vocabulary
        self._prompt = (START, language, TRANSCRIBE, NO_TIMES)

    @property
    def device(self) -> str:
        return self._encoder.device

    def transcribe(self, samples: Floats) -> Transcript:
        """The words in the first 30 s of (N,) float32 −1…1 at 16 kHz."""
        heard = self._encoder.run({"mel": log_mel(samples)[None]})
        state = _State.fresh(heard)
        rows = state.say(self._decoder, self._prompt)
        # The probability of silence comes after the first token of the prompt.
        silence, logits = float(_softmax(rows[0])[NOTHING_SAID]), rows[-1]
        said: list[int] = []
        while silence <= SILENCE_PROBABILITY and len(said) < MAX_TOKENS:
            token = int(logits[: END + 1].argmax())
            if token == END:
                break
            said.append(token)
            logits = state.say(self._decoder, (token,))[-1]
        words = b"".join(self._vocabulary.get(token, b"") for token in said)
        return Transcript(words.decode("utf-8", "replace").strip(), silence)


class _State:
    """The decoder's state from token to token."""

    def __init__(self, crosses: Mapping[str, NDArray[Any]], keys: Floats, values: Floats) -> None:
        self._crosses = crosses
        self._keys = keys
        self._values = values
        self._said = 0

    @classmethod
    def fresh(cls, heard: Mapping[str, NDArray[Any]]) -> _State:
        cross = heard["n_layer_cross_k"]
        empty = np.zeros((cross.shape[0], 1, _MEMORY, cross.shape[3]), np.float32)
        names = ("n_layer_cross_k", "n_layer_cross_v")
        return cls({name: heard[name] for name in names}, empty, empty.copy())

    def say(self, decoder: Network, tokens: tuple[int, ...]) -> Floats:
        """(tokens, vocabulary): after each of these tokens, the logits of the next."""
        answer = decoder.run(
            {
                "tokens": np.array([tokens], np.int64),
                "in_n_layer_self_k_cache": self._keys,
                "in_n_layer_self_v_cache": self._values,
                **self._crosses,
                "offset": np.array([self._said], np.int64),
            }
        )
        self._keys = answer["out_n_layer_self_k_cache"]
        self._values = answer["out_n_layer_self_v_cache"]
        self._said += len(tokens)
        rows: Floats = answer["logits"][0]
        return rows


def log_mel(samples: Floats) -> Floats:
    """(80, 3000): the energies of 30 s on Slaney's scale, logarithmic, the loudest 8 powers of ten of them,
    shifted to about −1…1."""
    whole = np.zeros(LONGEST_SAMPLES, np.float32)
    whole[: min(len(samples), LONGEST_SAMPLES)] = samples[:LONGEST_SAMPLES]
    padded = np.pad(whole, WINDOW_SAMPLES // 2, mode="reflect")
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW_SAMPLES) / WINDOW_SAMPLES)
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_SAMPLES)[::HOP_SAMPLES][:-1]
    power = np.abs(np.fft.rfft(frames * window, axis=1)) ** 2
    energies = np.log10(np.maximum(mel_filters(BANDS) @ power.T, 1e-10))
    shifted: Floats = ((np.maximum(energies, energies.max() - 8.0) + 4.0) / 4.0).astype(np.float32)
    return shifted


def read_vocabulary(path: Path) -> dict[int, bytes]:
    """The bytes of each token, from lines of base64 and a number. Raises Corrupt for anything else."""
    try:
        rows = (line.split() for line in path.read_text("utf-8").splitlines() if line.strip())
        return {int(number): base64.b64decode(text, validate=True) for text, number in rows}
    except ValueError as error:
        raise Corrupt(f"{path} is not a list of tokens: {error}") from error


def _softmax(logits: Floats) -> NDArray[np.float64]:
    weights: NDArray[np.float64] = np.exp(logits.astype(np.float64) - float(logits.max()))
    weights /= weights.sum()
    return weights
