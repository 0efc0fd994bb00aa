"""Finds the policy's phrases in speech, with the words around them, if policy and candidate allow it.

Only the last 8 s of sound are kept, in memory. Spoken words leave this node only sealed to a key that is
deleted with the session (`edge.outbound.envelope`).
"""

from __future__ import annotations

import base64
from collections import deque
from collections.abc import Sequence
from threading import Lock

import numpy as np

from edge.analysis.ears import Transcriber
from edge.media.clips import encode_clip
from edge.media.frames import SAMPLE_RATE_HZ
from models.keywords import KeywordSpotter, KeywordStream, plain_words
from models.results import Floats
from shared.errors import ConfigError, Corrupt, Rejected, Unavailable
from shared.excerpts import Excerpt
from shared.observations import PhraseHeard

MAX_TEXT_CHARS = 2_000
KEPT_WINDOWS = 16
"""Windows of sound kept around a phrase: 8.2 s."""
SURENESS = 0.5
"""The score of every hit, because the spotter gives no probability. It had one false hit in 76 s of other
speech with twelve phrases, so a single hit is as likely wrong as right."""


class Phrases:
    """Listens for phrases in one session's sound. Its blocking calls run in the engine's threads."""

    def __init__(
        self, spotter: KeywordSpotter, transcriber: Transcriber | None, phrases: Sequence[str]
    ) -> None:
        self._spotter = spotter
        self._transcriber = transcriber
        self._wanted = {plain_words(phrase): phrase for phrase in phrases}
        self._hearing = Lock()
        self._stream: KeywordStream | Exception | None = None
        self._kept: deque[Floats] = deque(maxlen=KEPT_WINDOWS)
        self._spoke = False
        self._last: tuple[str, ...] = ()

    @property
    def broken(self) -> bool:
        """Whether phrases cannot be searched at all: then the value is unknown even without speech."""
        return isinstance(self._stream, Exception)

    def forget(self) -> None:
        """Forget the sound before a gap, so that an excerpt does not reach back over it."""
        self._kept.clear()
        self._spoke = False

    def worth_hearing(self, samples: Floats, *, speaks: bool) -> Floats | None:
        """The sound to search now: windows of speech, with the one before and the one after.

        None: there is no speech. Call it with every window.
        """
        before = self._kept[-1] if self._kept else None
        self._kept.append(samples)
        spoke, self._spoke = self._spoke, speaks
        if speaks and not spoke and before is not None:
            return np.concatenate([before, samples])
        return samples if speaks or spoke else None

    def hear(self, samples: Floats) -> tuple[PhraseHeard, ...]:
        """The phrases that became certain.

        Raises the error of opening the spotter, at every call, and `Unavailable` while an abandoned call
        still runs, because its decoder is not thread-safe.
        """
        if not self._hearing.acquire(blocking=False):
            raise Unavailable("an earlier search for phrases still runs")
        try:
            return self._hear(samples)
        finally:
            self._hearing.release()

    def _hear(self, samples: Floats) -> tuple[PhraseHeard, ...]:
        if self._stream is None:
            self._stream = self._open()
        if isinstance(self._stream, Exception):
            raise self._stream
        found = self._stream.hear(samples)
        self._last = tuple(dict.fromkeys(self._wanted[each.phrase] for each in found))
        return tuple(PhraseHeard(phrase=phrase, score=SURENESS) for phrase in self._last)

    def transcript(self) -> str | None:
        """The words around the phrases heard last; None without a network for them. Takes over a second."""
        if self._transcriber is None:
            return None
        return self._transcriber.transcribe(self._sound()).text[:MAX_TEXT_CHARS].replace("\x00", "")

    def excerpt(self, text: str | None) -> Excerpt:
        """The excerpt around the phrases heard last: its sound, with its words if known."""
        samples = self._sound()
        return Excerpt(
            phrases=self._last,
            text=text,
            duration_s=round(len(samples) / SAMPLE_RATE_HZ, 3),
            clip=base64.b64encode(encode_clip(samples)).decode("ascii"),
        )

    def _sound(self) -> Floats:
        return np.concatenate(list(self._kept))

    def _open(self) -> KeywordStream | Exception:
        """Open the stream once. The error is kept: each try takes long and would fail the same way."""
        try:
            return self._spotter.stream(tuple(self._wanted))
        except (ConfigError, Corrupt, Rejected) as error:
            return error
