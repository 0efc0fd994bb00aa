"""Where a candidate stands towards each purpose, and what may start then. Pure.

The latest word on a purpose counts, said by itself or with a session's notice. Speech is recognised only
after a yes; every other purpose is told of in the notice, and stops a start only after a no.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from coordinator.consents.purposes import purposes_of
from shared.consents import Purpose
from shared.errors import Rejected
from shared.policy.schema import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One yes or no of a candidate."""

    purpose: Purpose
    given: bool
    basis: Literal["consent", "acknowledgement"]
    text_version: str
    language: str
    recorded_by: str
    at_utc: datetime


Said = dict[Purpose, Word]
"""The latest word on each purpose there was one on."""


def latest(words: Iterable[Word]) -> Said:
    """The latest of some words, purpose by purpose; of two at the same instant, the no."""
    said: Said = {}
    for word in sorted(words, key=lambda word: (word.at_utc, not word.given)):
        said[word.purpose] = word
    return said


def speech_opt_in(said: Said) -> bool:
    """Whether the candidate agreed to speech recognition."""
    word = said.get(Purpose.SPEECH_TRANSCRIPTION)
    return word is not None and word.given


def check_consented(said: Said, policy: Policy) -> None:
    """Raises `Rejected` (409 `consent-withdrawn`) when a session would serve what was taken back."""
    refused = [purpose for purpose in purposes_of(policy) if purpose in said and not said[purpose].given]
    if refused:
        raise Rejected(
            f"the candidate has taken back its consent to {', '.join(refused)}: agree on another way to sit "
            "the exam, or switch that off for this session",
            code="consent-withdrawn",
            status=409,
        )


def serves(policy: Policy, purpose: Purpose) -> bool:
    """Whether a session under this policy uses data for a purpose."""
    if purpose is Purpose.SPEECH_TRANSCRIPTION:
        return policy.features.speech_transcription
    return purpose in purposes_of(policy)  # the search for a face is no part of any session
