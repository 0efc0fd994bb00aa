"""Applies a candidate's accommodation to the exam's policy. Pure."""

from __future__ import annotations

from shared.errors import Rejected
from shared.events.types import EventType
from shared.policy.schema import Policy
from shared.policy.terms import Accommodation, Relaxation


def effective(policy: Policy, accommodation: Accommodation, *, speech_opt_in: bool) -> Policy:
    """The policy of this candidate's sessions.

    After the accommodation was agreed, the policy may have become milder than a threshold in it, or may have
    dropped a hold. Parts that no longer relax the policy are left out: a session is not refused for them.
    """
    return policy.for_candidate(_still_possible(policy, accommodation), speech_opt_in=speech_opt_in)


def _still_possible(policy: Policy, accommodation: Accommodation) -> Accommodation:
    relaxed = {event: _left(policy, event, change) for event, change in accommodation.relaxed.items()}
    return accommodation.model_copy(update={"relaxed": relaxed})


def _left(policy: Policy, event: EventType, change: Relaxation) -> Relaxation:
    """The part of a relaxation that the policy allows."""
    parts = (change, Relaxation(hold_factor=change.hold_factor), Relaxation(threshold=change.threshold))
    return next((part for part in parts if _relaxes(policy, event, part)), Relaxation())


def _relaxes(policy: Policy, event: EventType, change: Relaxation) -> bool:
    try:
        policy.for_candidate(Accommodation(relaxed={event: change}))
    except Rejected:
        return False
    return True
