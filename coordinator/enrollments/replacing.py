"""Decides whether pictures show one person, and when an enrollment expires while another one waits. Pure.

All recognisers share one scale of similarity, and templates of different recognisers are never compared. If
several recognisers compared two pictures, the lowest similarity counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from shared.errors import Rejected
from shared.messages.comparing import AGREE

LEAST_OF_CANDIDATE: Final = 3
"""The fewest pictures that a candidate must send; staff may send one."""

Likeness = Literal["alike", "unlike", "unknown"]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two pictures of a request, by their places in it, as one recogniser compares them."""

    one: int
    other: int
    similarity: float


def worst_of(pairs: Iterable[Pair]) -> Pair | None:
    """The two pictures that disagree most; None when all agree."""
    return min((pair for pair in pairs if pair.similarity < AGREE), key=_similarity, default=None)


def likeness(similarities: Iterable[float | None]) -> tuple[Likeness, float | None]:
    """Whether a new face is like the former one, with the lowest similarity.

    Unknown, which does not count as alike, when no recogniser has templates of both.
    """
    known = [one for one in similarities if one is not None]
    if not known:
        return "unknown", None
    return ("alike" if min(known) >= AGREE else "unlike"), min(known)


def check_enough(count: int) -> None:
    """Check that a candidate sends enough pictures. Raises `Rejected` (422 `too-few-pictures`) if not."""
    if count < LEAST_OF_CANDIDATE:
        message = f"send {LEAST_OF_CANDIDATE} to 5 pictures of yourself"
        raise Rejected(
            message,
            code="too-few-pictures",
            status=422,
            errors=[{"path": "body.images", "message": message}],
        )


def disagreement(worst: Pair) -> Rejected:
    """The refusal of pictures of different people. It has no score, which would help somebody to try closer
    ones."""
    first, second = sorted((worst.one, worst.other))
    message = f"pictures {first + 1} and {second + 1} do not seem to show the same person"
    return Rejected(
        f"{message}; send pictures of one person only",
        code="pictures-disagree",
        status=422,
        errors=[{"path": f"body.images.{place}", "message": message} for place in (first, second)],
    )


def expired(expires_utc: datetime | None, waiting_since_utc: datetime | None, now_utc: datetime) -> bool:
    """Whether an enrolled face has expired. It does not expire while another one waits to replace it."""
    if expires_utc is None:
        return False
    return min(now_utc, waiting_since_utc or now_utc) >= expires_utc


def moved_expiry(
    expires_utc: datetime | None, waits_utc: Sequence[datetime], now_utc: datetime
) -> datetime | None:
    """The expiry after a wait, moved by the wait's time. The wait began at the latest of `waits_utc`.

    A face that had expired before the wait stays expired.
    """
    since_utc = max(waits_utc)
    if expires_utc is None or expires_utc <= since_utc:
        return expires_utc
    return expires_utc + max(now_utc - since_utc, timedelta(0))


def _similarity(pair: Pair) -> float:
    return pair.similarity
