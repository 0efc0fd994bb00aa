"""Which acts are written in the audit log. Decides only.

Everything a person or program changes, and everything it reads that is personal. A candidate that reads its
own data is no news to anybody, and its page does so every few seconds; one that asks for another's is.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from shared.tokens import Role

IMPERSONAL: Final = frozenset(
    {
        "compare_policy_versions",
        "get_authority",
        "get_destination",
        "get_erasure",
        "get_exam",
        "get_exam_networks",
        "get_health",
        "get_metrics",
        "get_node",
        "get_node_history",
        "get_node_settings",
        "get_own_tenant",
        "get_policy",
        "get_policy_version",
        "get_precision",
        "get_privacy_notice",
        "get_readiness",
        "get_retention_report",
        "get_tenant",
        "list_destinations",
        "list_exams",
        "list_node_certificates",
        "list_node_settings",
        "list_nodes",
        "list_parked_messages",
        "list_policy_versions",
        "list_rollouts",
        "list_tenants",
        "list_token_keys",
    }
)
"""Operations that read nothing of a person."""
REPEATED_WITHIN_S: Final = 60.0
"""A page that is open reads the same again and again: within this time it is one act."""
MOST_REMEMBERED: Final = 10_000
UNREADABLE: Final = frozenset({422, 429})
"""Answers to what was not looked at: the request made no sense, or came too often."""
NOT_ALLOWED: Final = 403


def is_noted(act: str, role: Role | None, *, reads_only: bool, status: int) -> bool:
    """Whether an answered act is written down; `role`: None where nobody identified itself."""
    if not act or status in UNREADABLE:
        return False
    if not reads_only:
        return True
    if role is Role.CANDIDATE and status != NOT_ALLOWED:
        return False
    return act not in IMPERSONAL


def outcome(status: int) -> str:
    """What came of an act, by its answer."""
    if status < 400:
        return "done"
    return f"refused {status}" if status < 500 else f"failed {status}"


@dataclass(slots=True)
class Reads:
    """The acts of reading that were written down lately."""

    _at: OrderedDict[tuple[object, ...], float] = field(default_factory=OrderedDict)

    def is_new(self, act: tuple[object, ...], now: float) -> bool:
        """Whether this act is not the repetition of one just written down; `act` tells it from others."""
        last = self._at.get(act)
        if last is not None and now - last < REPEATED_WITHIN_S:
            return False
        self._at[act] = now
        self._at.move_to_end(act)
        while len(self._at) > MOST_REMEMBERED:
            self._at.popitem(last=False)
        return True

    def forget(self, act: tuple[object, ...]) -> None:
        """Its entry could not be written."""
        self._at.pop(act, None)
