"""Decides from a candidate's consents what may be done for each purpose. Pure.

The latest decision on a purpose counts, whether given separately or with a session's notice. A purpose is
withheld if the candidate has withdrawn it, or has not acknowledged it yet although the exam's policy asks for
that. Speech is recognised only after a separate yes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from coordinator.consents.purposes import purposes_of
from shared.consents import Purpose
from shared.errors import Rejected
from shared.policy.schema import Policy


class Why(StrEnum):
    """Why nothing is done for a purpose."""

    WITHDRAWN = "withdrawn"
    NOT_ACKNOWLEDGED = "not-acknowledged"


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
    on_paper: bool = False
    """Given on paper and recorded by staff."""


Said = dict[Purpose, Word]
"""The latest decision per purpose, if there is one."""


def latest(words: Iterable[Word]) -> Said:
    """The latest decision for each purpose. Of two at the same instant, the no counts."""
    said: Said = {}
    for word in sorted(words, key=lambda word: (word.at_utc, not word.given)):
        said[word.purpose] = word
    return said


def speech_opt_in(said: Said) -> bool:
    """Whether the candidate agreed to speech recognition."""
    word = said.get(Purpose.SPEECH_TRANSCRIPTION)
    return word is not None and word.given


def agreed_to_log(said: Said) -> bool:
    """Whether the candidate agreed to the log of features."""
    word = said.get(Purpose.FEATURE_LOG)
    return word is not None and word.given


def why_withheld(said: Said, policy: Policy, purpose: Purpose) -> Why | None:
    """Why nothing may be done for a purpose under this policy; None if it may."""
    word = said.get(purpose)
    if word is not None:
        return None if word.given else Why.WITHDRAWN
    return None if purpose in policy.without_acknowledgement else Why.NOT_ACKNOWLEDGED


def withheld(said: Said, policy: Policy) -> dict[Purpose, Why]:
    """The purposes of a session under this policy for which nothing may be done, each with the reason."""
    found = {purpose: why_withheld(said, policy, purpose) for purpose in purposes_of(policy)}
    return {purpose: why for purpose, why in found.items() if why is not None}


def check_may_enroll(said: Said, policy: Policy) -> None:
    """Check that the candidate may be enrolled: it has agreed to identity verification, or the policy needs
    no acknowledgement for it. Raises `Rejected` (409 `consent-withdrawn`, `acknowledgement-missing`)
    otherwise."""
    purpose = Purpose.IDENTITY_VERIFICATION
    why = why_withheld(said, policy, purpose)
    if why is Why.WITHDRAWN:
        raise Rejected(
            f"the candidate has withdrawn its consent to {purpose}, so its face is not enrolled; let it sit "
            "the exam in another way, or record that it agrees again",
            code="consent-withdrawn",
            status=409,
            errors=[{"path": "body.candidate_id", "message": f"has withdrawn {purpose}"}],
        )
    if why is Why.NOT_ACKNOWLEDGED:
        raise Rejected(
            f"the candidate has not acknowledged {purpose}; show it the notice first and send `acknowledged` "
            f"with the version of that text, or record it with PUT /consents/CANDIDATE/{purpose}",
            code="acknowledgement-missing",
            status=409,
            errors=[{"path": "body.acknowledged", "message": f"is missing for {purpose}"}],
        )


def check_consented(said: Said, policy: Policy) -> None:
    """Check that a session uses no withdrawn purpose. Raises `Rejected` (409 `consent-withdrawn`)
    otherwise."""
    refused = [purpose for purpose in purposes_of(policy) if purpose in said and not said[purpose].given]
    if refused:
        raise Rejected(
            f"the candidate has withdrawn its consent to {', '.join(refused)}: agree on another way to sit "
            "the exam, or switch that off for this session",
            code="consent-withdrawn",
            status=409,
        )


def serves(policy: Policy, purpose: Purpose) -> bool:
    """Whether a session under this policy uses data for a purpose."""
    if purpose is Purpose.SPEECH_TRANSCRIPTION:
        return policy.features.speech_transcription
    if purpose is Purpose.FEATURE_LOG:
        return policy.feature_log
    return purpose in purposes_of(policy)  # the search for a face is not part of any session
