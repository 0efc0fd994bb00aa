"""Decides whether a running session may change to another policy, and its version number. Pure."""

from __future__ import annotations

from coordinator.accommodations.agreed import effective
from coordinator.consents.purposes import purposes_of
from shared.consents import Purpose
from shared.errors import Rejected
from shared.policy.schema import Policy


def changed_policy(running: Policy, wanted: Policy) -> Policy:
    """The requested policy with the candidate's accommodation.

    The candidate has acknowledged the purposes of the session; no purpose may be added without notice. How
    long data is kept stays as it was told, too.
    Raises `Rejected`: 409 `purposes-grow`, `policy-unchanged`.
    """
    more = set(purposes_of(wanted)) - set(purposes_of(running))
    if wanted.features.speech_transcription and not running.features.speech_transcription:
        more.add(Purpose.SPEECH_TRANSCRIPTION)
    if more:
        raise Rejected(
            f"the candidate was not told of {', '.join(sorted(more))}: a running session may use fewer "
            "purposes, not more",
            code="purposes-grow",
            status=409,
        )
    terms = running.candidate
    if terms is not None:
        wanted = effective(wanted, terms.accommodation, speech_opt_in=terms.speech_opt_in)
    # The candidate was told these days.
    wanted = wanted.model_copy(update={"retention": running.retention})
    if wanted.model_copy(update={"version": running.version}) == running:
        raise Rejected("the session already has exactly this policy", code="policy-unchanged", status=409)
    return wanted


def next_version(running: int, exam_latest: int) -> int:
    """A new version number for a policy of one session, unused by the session and its exam."""
    return max(running, exam_latest) + 1


def check_based_on(running: int, based_on: int) -> None:
    """Raises `Rejected` (409 `policy-changed`) if a change is not based on the session's present version."""
    if running != based_on:
        raise Rejected(
            f"the session has version {running}; look at its changes and base yours on it",
            code="policy-changed",
            status=409,
        )
