"""Decides what may be done with an incident, in which state, by whom. Pure.

    open ──confirm──▶ seconding ──confirm, another person──▶ confirmed ──appeal──▶ appealed
      └──dismiss──▶ dismissed ◀──dismiss──┘                                 │
                                                    upheld ◀──uphold────────┤
                                                    overturned ◀──overturn──┘

    reopen    an incident that has grown since its verdict ──▶ open
    comment   in every state except merged; changes none
    claim     reserves an incident for one reviewer for a while; others wait until it ends

One dismissal is enough; a confirmation takes two people, and neither of them may decide an appeal.
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
"""The limit of acts in an incident's history; every view reads them all."""


class Act(StrEnum):
    """An act of a person on an incident."""

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
    """Why an incident is dismissed."""

    FALSE_DETECTION = "false-detection"
    """The reported event did not happen."""
    ALLOWED = "allowed"
    """It happened, but the exam's rules or an accommodation allow it."""
    HARMLESS = "harmless"
    """It happened, but has no meaning."""
    TECHNICAL = "technical"
    """A problem of camera, light, network or program."""
    OTHER = "other"
    """Given in the text."""


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
"""For every state and act: the next state, or the code of the refusal."""

_SENTENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "incident-merged": "the incident was merged into another one; see merged_into",
        "already-decided": "the incident already has a verdict",
        "not-decided": "only an incident with a verdict can be reopened",
        "nothing-to-appeal": "only a confirmed incident can be appealed against, and only once",
        "not-appealed": "there is no appeal against this incident",
        "claimed-by-another": "another reviewer has claimed the incident; wait until the claim ends",
        "not-claimed": "you have not claimed the incident",
        "second-person-needed": "you have already confirmed it; another person must confirm it too",
        "reviewed-it-yourself": "an appeal must be decided by someone who did not review the incident",
        "incident-grown": "the incident has new alerts that you have not seen; look at it again",
        "history-full": f"{MAX_ACTS} acts are in its history, which is the limit; decide on the incident",
        "nothing-changed": "the incident has no new alerts since its verdict",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """The facts for a decision about one incident."""

    state: State
    claimed_by: str | None = None
    claim_expires: datetime | None = None
    changed: bool = False
    """The incident has grown since its verdict."""
    acts: int = 0
    """The number of acts in its history."""
    unseen: bool = False
    """It has alerts that the acting person has not seen."""
    confirmed_by: frozenset[str] = frozenset()
    """The person who confirmed it since it was last opened."""
    reviewed_by: frozenset[str] = frozenset()
    """Everyone who ever gave a verdict on it."""


def decide(review: Review, act: Act, who: str, now: datetime) -> State:
    """The state after this act by `who`. Raises `Rejected` (409; 403 if only this person may not do it)."""
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
