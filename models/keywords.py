"""Detects given English phrases in speech, by pocketsphinx (CMU Sphinx, BSD-2-Clause). Gives no transcript.

The decoder listens only for the phrases and reports nothing else. Words must be in its English dictionary.
Measured on real voices at the threshold used here: of five phrases of two short words, spoken once each by
five people, four were found; 76 s of other speech gave one false hit with twelve phrases (the sounds of "red
by"). Longer phrases are the safer choice. It needs an eighth of one core during speech.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.backend import imported
from models.results import Floats
from shared.errors import Corrupt, Rejected

SAMPLE_RATE_HZ = 16_000
THRESHOLD = 1e-10
"""Likelihood of a phrase against any sound: a larger value misses more, a smaller one has more false hits."""
DICTIONARY = "cmudict-en-us.dict"
MAX_PHRASES = 50
LONGEST_SAMPLES = 20 * SAMPLE_RATE_HZ
"""After this much speech without a hit the decoder restarts, which bounds its memory."""
_FRAME_S = 0.01


@dataclass(frozen=True, slots=True)
class Keyword:
    """One phrase that was heard."""

    phrase: str
    begun_s: float
    """Seconds from the start of the stream."""


class KeywordSpotter:
    """The model in `folder`, as the manifest fetches it. Shared; each stream gets its own decoder."""

    device = "cpu"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def stream(self, phrases: Sequence[str]) -> KeywordStream:
        """Listen for phrases; takes half a second.

        Raises ConfigError (pocketsphinx is not installed), Corrupt (the model cannot be read) and Rejected
        (no phrase, too many, or a word the dictionary does not have).
        """
        wanted = tuple(dict.fromkeys(plain_words(phrase) for phrase in phrases))
        if not 0 < len(wanted) <= MAX_PHRASES:
            raise Rejected(f"{len(wanted)} phrases; allowed are 1 to {MAX_PHRASES}", code="phrase-count")
        decoder = self._decoder()
        unknown = sorted({w for phrase in wanted for w in phrase.split() if decoder.lookup_word(w) is None})
        if unknown or "" in wanted:
            lacking = ", ".join(unknown) or "an empty phrase"
            raise Rejected(f"not in the English dictionary: {lacking}", code="unknown-word")
        # The library reads several phrases from a file only.
        with tempfile.NamedTemporaryFile("w", suffix=".kws", encoding="utf-8") as listed:
            listed.write("".join(f"{phrase} /{THRESHOLD:g}/\n" for phrase in wanted))
            listed.flush()
            decoder.add_kws("phrases", listed.name)
        decoder.activate_search("phrases")
        return KeywordStream(decoder)

    def _decoder(self) -> Any:
        maker = imported("pocketsphinx").Decoder
        try:
            return maker(
                hmm=str(self._folder), dict=str(self._folder / DICTIONARY), lm=None, loglevel="FATAL"
            )
        except (RuntimeError, ValueError) as error:
            raise Corrupt(f"{self._folder} holds no model that pocketsphinx can read: {error}") from error


class KeywordStream:
    """Listens to one stream, in order. Not for two threads."""

    def __init__(self, decoder: Any) -> None:
        self._decoder = decoder
        self._begun_s = 0.0
        self._heard = 0
        decoder.start_utt()

    def hear(self, samples: Floats) -> tuple[Keyword, ...]:
        """The phrases that became certain with these samples: (N,) float32 −1…1 at 16 kHz, usually none."""
        levels = (np.clip(samples, -1.0, 1.0) * 32767).astype(np.int16)
        self._decoder.process_raw(levels.tobytes(), False, False)
        self._heard += len(samples)
        if self._decoder.hyp() is None:
            if self._heard >= LONGEST_SAMPLES:
                self._restart()
            return ()
        found = tuple(
            Keyword(row.word.strip(), self._begun_s + row.start_frame * _FRAME_S)
            for row in self._decoder.seg()
        )
        self._restart()
        return found

    def _restart(self) -> None:
        self._decoder.end_utt()
        self._begun_s += self._heard / SAMPLE_RATE_HZ
        self._heard = 0
        self._decoder.start_utt()


def plain_words(phrase: str) -> str:
    """The form of a phrase that is detected and reported: lower case, without commas and full stops."""
    return " ".join(phrase.lower().replace(",", " ").replace(".", " ").split())
