"""What may be done with an incident, in which state, by whom. Pure.

    open ──confirm──▶ seconding ──confirm, another person──▶ confirmed ──appeal──▶ appealed
      └──dismiss──▶ dismissed ◀──dismiss──┘                                 │
                                                    upheld ◀──uphold────────┤
                                                    overturned ◀──overturn──┘

    reopen    a verdict whose incident has grown since   ──▶ open
    comment   in every state but merged; changes none
    claim     reserves an incident for one reviewer for a while; others wait until it is over

One dismissal is enough; a confirmation takes two people, and an appeal is decided by neither of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import product
from types import MappingProxyType
from typing import Final

from coordinator.incidents.states import State
from shared.errors import Rejected

CLAIM_LASTS: Final = timedelta(minutes=15)
MAX_ACTS: Final = 500
"""In an incident's history; every look at it reads them all."""


class Act(StrEnum):
    """What a person does about an incident."""

    CLAIM = "claim"
    RELEASE = "release"
    COMMENT = "comment"
    CONFIRM = "confirm"
    DISMISS = "dismiss"
    REOPEN = "reopen"
    APPEAL = "appeal"
    UPHOLD = "uphold"
    OVERTURN = "overturn"


class DismissReason(StrEnum):
    """Why an incident is none."""

    FALSE_DETECTION = "false-detection"
    """What was reported did not happen."""
    ALLOWED = "allowed"
    """It happened, and the exam's rules or an accommodation allow it."""
    HARMLESS = "harmless"
    """It happened and means nothing."""
    TECHNICAL = "technical"
    """Trouble of camera, light, network or program."""
    OTHER = "other"
    """Told in the text."""


_ALWAYS: Final = frozenset({Act.CLAIM, Act.RELEASE, Act.COMMENT})
_MOVES: Final[Mapping[tuple[State, Act], State]] = MappingProxyType(
    {
        (State.OPEN, Act.CONFIRM): State.SECONDING,
        (State.OPEN, Act.DISMISS): State.DISMISSED,
        (State.SECONDING, Act.CONFIRM): State.CONFIRMED,
        (State.SECONDING, Act.DISMISS): State.DISMISSED,
        (State.CONFIRMED, Act.APPEAL): State.APPEALED,
        (State.APPEALED, Act.UPHOLD): State.UPHELD,
        (State.APPEALED, Act.OVERTURN): State.OVERTURNED,
        (State.CONFIRMED, Act.REOPEN): State.OPEN,
        (State.DISMISSED, Act.REOPEN): State.OPEN,
        (State.UPHELD, Act.REOPEN): State.OPEN,
        (State.OVERTURNED, Act.REOPEN): State.OPEN,
    }
)
_REFUSALS: Final[Mapping[Act, str]] = MappingProxyType(
    {
        Act.CONFIRM: "already-decided",
        Act.DISMISS: "already-decided",
        Act.REOPEN: "not-decided",
        Act.APPEAL: "nothing-to-appeal",
        Act.UPHOLD: "not-appealed",
        Act.OVERTURN: "not-appealed",
    }
)


def _step(state: State, act: Act) -> State | str:
    if state is State.MERGED:
        return "incident-merged"
    return state if act in _ALWAYS else _MOVES.get((state, act), _REFUSALS[act])


TABLE: Final[Mapping[tuple[State, Act], State | str]] = MappingProxyType(
    {(state, act): _step(state, act) for state, act in product(State, Act)}
)
"""Every state with every act: the state that follows, or the code of the refusal."""

_SENTENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "incident-merged": "the incident has become part of another one; see merged_into",
        "already-decided": "the incident has a verdict",
        "not-decided": "only an incident with a verdict can be opened again",
        "nothing-to-appeal": "there is no confirmed incident to appeal against, or an appeal was made",
        "not-appealed": "nobody has appealed against this incident",
        "claimed-by-another": "another reviewer has claimed the incident; wait until the claim is over",
        "not-claimed": "the incident is not claimed by you",
        "second-person-needed": "you have confirmed it already; the second confirmation is another person's",
        "reviewed-it-yourself": "an appeal is decided by somebody who did not review the incident",
        "incident-grown": "alerts came to the incident that you were not shown; look at it again",
        "history-full": f"{MAX_ACTS} acts stand in its history; decide it",
        "nothing-changed": "nothing has come to the incident since its verdict",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What a decision about one incident takes into account."""

    state: State
    claimed_by: str | None = None
    claim_expires: datetime | None = None
    changed: bool = False
    """Something came to the incident since its verdict."""
    acts: int = 0
    """So many stand in its history."""
    unseen: bool = False
    """It has other alerts than whoever acts was shown."""
    confirmed_by: frozenset[str] = frozenset()
    """Who confirmed it since it was opened last."""
    reviewed_by: frozenset[str] = frozenset()
    """Whoever gave any verdict on it, at any time."""


def decide(review: Review, act: Act, who: str, now: datetime) -> State:
    """The state after `who` does this. Raises `Rejected` (409; 403 where it is the person that may not)."""
    following = TABLE[review.state, act]
    if not isinstance(following, State):
        raise _refusal(following)
    if act not in (Act.COMMENT, Act.APPEAL) and _held_by_another(review, who, now):
        raise _refusal("claimed-by-another")
    if act in (Act.COMMENT, Act.CLAIM) and review.acts >= MAX_ACTS:
        raise _refusal("history-full")
    if act is Act.RELEASE and review.claimed_by != who:
        raise _refusal("not-claimed")
    if act is Act.CONFIRM and who in review.confirmed_by:
        raise _refusal("second-person-needed", 403)
    if act in (Act.UPHOLD, Act.OVERTURN) and who in review.reviewed_by:
        raise _refusal("reviewed-it-yourself", 403)
    if act is Act.REOPEN and not review.changed:
        raise _refusal("nothing-changed")
    if review.unseen:
        raise _refusal("incident-grown")
    return following


def _held_by_another(review: Review, who: str, now: datetime) -> bool:
    live = review.claim_expires is not None and now < review.claim_expires
    return live and review.claimed_by is not None and review.claimed_by != who


def _refusal(code: str, status: int = 409) -> Rejected:
    return Rejected(_SENTENCES[code], code=code, status=status)
