"""Tells which looks an exam needs, and which of them this node cannot do. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from edge.analysis.levels import LEVELS
from shared.events.looks import Look, Sense, looks_of
from shared.policy.asked import looks_asked_for
from shared.policy.schema import Policy

SEEN = looks_of(Sense.SIGHT)


def asked_to_see(policy: Policy) -> frozenset[Look]:
    """The looks that the exam's features and rules need."""
    return looks_asked_for(policy).intersection(SEEN)


def unseen(missing: Mapping[Look, str], policy: Policy, level: int) -> dict[Look, str]:
    """Needed looks that this node cannot do, each with the reason."""
    wanted, done = asked_to_see(policy), LEVELS[level].rates_hz
    reasons = {look: f"left out on level L{level}" for look in wanted if look not in done}
    reasons |= {look: missing[look] for look in wanted if look in missing}
    off = {look: "switched off by the policy" for look in SEEN if look not in wanted}
    return reasons | off


def can_see(possible: Collection[Look], policy: Policy) -> frozenset[Look]:
    """Needed looks that this node can do."""
    return asked_to_see(policy) & frozenset(possible)
