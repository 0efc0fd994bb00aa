"""Decides what may be done with an incident, in which state, by whom. Pure.

    open ──confirm──▶ seconding ──confirm, another person──▶ confirmed ──appeal──▶ appealed
      └──dismiss──▶ dismissed ◀──dismiss──┘                                 │
                                                    upheld ◀──uphold────────┤
                                                    overturned ◀──overturn──┘

    reopen    your own verdict, or any verdict if alerts were added to the incident since ──▶ open;
              administrators may reopen any, except the decision on an appeal against their own verdict
    undo      your own latest verdict, before it is in effect ──▶ the state before it
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
    UNDO = "undo"
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


FINDS: Final = frozenset({Act.CONFIRM, Act.DISMISS})
"""Verdicts on findings."""
VERDICT_ACTS: Final = FINDS | {Act.UPHOLD, Act.OVERTURN}
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
        (State.SECONDING, Act.UNDO): State.OPEN,
        (State.CONFIRMED, Act.UNDO): State.SECONDING,
        (State.DISMISSED, Act.UNDO): State.OPEN,  # or seconding: see `Review.before`
        (State.UPHELD, Act.UNDO): State.APPEALED,
        (State.OVERTURNED, Act.UNDO): State.APPEALED,
    }
)
_REFUSALS: Final[Mapping[Act, str]] = MappingProxyType(
    {
        Act.CONFIRM: "already-decided",
        Act.DISMISS: "already-decided",
        Act.REOPEN: "not-decided",
        Act.UNDO: "nothing-to-undo",
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
        "not-decided": "only an incident with a verdict and without an open appeal can be reopened",
        "nothing-to-undo": "the latest act on the incident is not a verdict",
        "too-late-to-undo": "a verdict can be undone for 10 seconds; reopen the incident and say why",
        "not-your-verdict": "the latest verdict is another person's; comment, or ask an administrator",
        "nothing-to-appeal": "only a confirmed incident can be appealed against, and only once",
        "not-appealed": "there is no appeal against this incident",
        "claimed-by-another": "another reviewer has claimed the incident; wait until the claim ends",
        "not-claimed": "you have not claimed the incident",
        "second-person-needed": "you have already confirmed it; another person must confirm it too",
        "reviewed-it-yourself": "an appeal must be decided by someone who did not review the incident",
        "incident-grown": "the incident has new alerts that you have not seen; look at it again",
        "history-full": f"{MAX_ACTS} acts are in its history, which is the limit; decide on the incident",
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
    verdict_by: frozenset[str] = frozenset()
    """Who gave the latest verdict: one person, or the two who confirmed."""
    before: State = State.OPEN
    """The state before the latest verdict."""
    undo_until: datetime | None = None
    """When the latest verdict takes effect; until then `latest_by` may undo it. None: it is in effect."""
    latest_by: str | None = None
    """The person whose act changed the state last, if that act was a verdict."""
    administrator: bool = False
    """Whether the acting person is an administrator."""


def decide(review: Review, act: Act, who: str, now: datetime) -> State:
    """The state after this act by `who`. Raises `Rejected` (409; 403 if only this person may not do it)."""
    following = TABLE[review.state, act]
    if not isinstance(following, State):
        raise _refusal(following)
    if act is Act.UNDO:
        return _undone(review, who, now)
    if act not in (Act.COMMENT, Act.APPEAL) and _held_by_another(review, who, now):
        raise _refusal("claimed-by-another")
    _check_person(review, act, who)
    if act in (Act.COMMENT, Act.CLAIM) and review.acts >= MAX_ACTS:
        raise _refusal("history-full")
    if act is Act.REOPEN:
        _check_reopen(review, who)
    if act is Act.APPEAL and _pending(review, now):
        raise _refusal("nothing-to-appeal")
    if review.unseen:
        raise _refusal("incident-grown")
    return following


def _check_person(review: Review, act: Act, who: str) -> None:
    if act is Act.RELEASE and review.claimed_by != who:
        raise _refusal("not-claimed")
    if act is Act.CONFIRM and who in review.confirmed_by:
        raise _refusal("second-person-needed", 403)
    if act in (Act.UPHOLD, Act.OVERTURN) and who in review.reviewed_by:
        raise _refusal("reviewed-it-yourself", 403)


def _undone(review: Review, who: str, now: datetime) -> State:
    if review.latest_by is None:
        raise _refusal("nothing-to-undo")
    if review.latest_by != who:
        raise _refusal("not-your-verdict", 403)
    if not _pending(review, now):
        raise _refusal("too-late-to-undo")
    if review.acts >= MAX_ACTS:
        raise _refusal("history-full")
    return review.before


def _check_reopen(review: Review, who: str) -> None:
    if review.changed:
        return
    if review.acts >= MAX_ACTS:
        raise _refusal("history-full")
    if who in review.verdict_by:
        return
    if review.state in (State.UPHELD, State.OVERTURNED) and who in review.reviewed_by:
        raise _refusal("reviewed-it-yourself", 403)
    if not review.administrator:
        raise _refusal("not-your-verdict", 403)


def _pending(review: Review, now: datetime) -> bool:
    return review.undo_until is not None and now < review.undo_until


def _held_by_another(review: Review, who: str, now: datetime) -> bool:
    live = review.claim_expires is not None and now < review.claim_expires
    return live and review.claimed_by is not None and review.claimed_by != who


def _refusal(code: str, status: int = 409) -> Rejected:
    return Rejected(_SENTENCES[code], code=code, status=status)
