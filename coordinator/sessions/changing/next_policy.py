"""Whether a running session may go on under another policy, and under which version. Pure."""

from __future__ import annotations

from coordinator.accommodations.agreed import effective
from coordinator.consents.purposes import purposes_of
from shared.consents import Purpose
from shared.errors import Rejected
from shared.policy.schema import Policy


def changed_policy(running: Policy, wanted: Policy) -> Policy:
    """The wanted policy with what is agreed with the candidate.

    The candidate has acknowledged what the session uses data for; nothing may come to that behind its back.
    Raises `Rejected`: 409 `purposes-grow`, `policy-unchanged`.
    """
    more = set(purposes_of(wanted)) - set(purposes_of(running))
    if wanted.features.speech_transcription and not running.features.speech_transcription:
        more.add(Purpose.SPEECH_TRANSCRIPTION)
    if more:
        raise Rejected(
            f"the candidate was not told of {', '.join(sorted(more))}: a running session may watch for less, "
            "not for more",
            code="purposes-grow",
            status=409,
        )
    terms = running.candidate
    if terms is not None:
        wanted = effective(wanted, terms.accommodation, speech_opt_in=terms.speech_opt_in)
    if wanted.model_copy(update={"version": running.version}) == running:
        raise Rejected("the session runs under just this policy", code="policy-unchanged", status=409)
    return wanted


def next_version(running: int, exam_latest: int) -> int:
    """The version of a policy made for one session: neither the session nor its exam has used it."""
    return max(running, exam_latest) + 1


def check_based_on(running: int, based_on: int) -> None:
    """Raises `Rejected` (409 `policy-changed`) when a change is made from another version than runs."""
    if running != based_on:
        raise Rejected(
            f"the session runs under version {running}; look at what changed and make your change from it",
            code="policy-changed",
            status=409,
        )
