"""An exam's policy with what is agreed with one candidate in it. Pure."""

from __future__ import annotations

from shared.errors import Rejected
from shared.events import EventType
from shared.policy import Accommodation, Policy
from shared.policy_terms import Relaxation


def effective(policy: Policy, accommodation: Accommodation, *, speech_opt_in: bool) -> Policy:
    """The policy that a session of this candidate runs under.

    Since the accommodation was agreed on, the policy may have become milder than a threshold it names. Such
    a threshold is left out: it would make the candidate's rule the stricter one.
    """
    return policy.for_candidate(_still_milder(policy, accommodation), speech_opt_in=speech_opt_in)


def _still_milder(policy: Policy, accommodation: Accommodation) -> Accommodation:
    relaxed = {
        event: change if _relaxes(policy, event, change) else change.model_copy(update={"threshold": None})
        for event, change in accommodation.relaxed.items()
    }
    return accommodation.model_copy(update={"relaxed": relaxed})


def _relaxes(policy: Policy, event: EventType, change: Relaxation) -> bool:
    try:
        policy.for_candidate(Accommodation(relaxed={event: change}))
    except Rejected:
        return False
    return True
