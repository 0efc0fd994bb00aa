"""Decides what a session's card shows about the candidate's page: one state, from stored values. Pure.

There are different states for a page that was never opened, one without a camera, one that was lost and one
that is watched. While the node is silent, the state is unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from coordinator.sessions.watched.runs import Runs, total
from shared.api.sessions import CameraTrouble
from shared.messages.heartbeats import MISSING_AFTER_S
from shared.unwatched import Unwatched

CAME: Final = ("watching", "withheld")
"""Phases in which a page with a camera is connected."""


class CardState(StrEnum):
    """The state of a session's page."""

    WAITING = "waiting"
    """Nobody has opened it."""
    OPENED = "opened"
    """It was opened, but no picture came: the notice is being read, or there is no camera
    (`Card.camera`)."""
    CONNECTED = "connected"
    WITHHELD = "withheld"
    """It is connected, and nobody may look at its pictures."""
    LOST = "lost"
    """It was connected, and no pictures arrive now."""
    PAUSED = "paused"
    UNKNOWN = "unknown"
    """Its node is silent or has not reported on the page yet."""
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFacts:
    """What is stored about one session and its node."""

    started_utc: datetime
    over_utc: datetime | None = None
    """Its end or expiry, once that has passed."""
    paused_utc: datetime | None = None
    opened_utc: datetime | None = None
    """When the candidate's page was opened."""
    phase: str | None = None
    """The phase that its node last reported."""
    phase_utc: datetime | None = None
    came_utc: datetime | None = None
    """When a page with a camera was first connected."""
    heard_utc: datetime | None = None
    """When its node's last heartbeat came; None: none since this program started."""
    runs: Runs | None = None
    """Unwatched seconds as its nodes report them."""
    camera: CameraTrouble | None = None
    """Why the page could not turn on its camera, as it reported itself."""
    camera_utc: datetime | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """What a card says."""

    state: CardState
    since_utc: datetime | None
    unwatched_s: Unwatched | None = None
    unwatched_share: float | None = None
    """Unwatched share of the time since the page first connected: the highest share of the kinds of looks.
    None: unknown."""
    camera: CameraTrouble | None = None
    """Why no picture comes; None: the page has reported no reason, or pictures come."""


def card(seen: CardFacts, now_utc: datetime) -> Card:
    """A session's card at this instant."""
    state, since_utc = card_state(seen, now_utc)
    unwatched = total(seen.runs or {})
    camera = seen.camera if state in (CardState.OPENED, CardState.LOST) else None
    return Card(state, since_utc, unwatched, _share(seen, unwatched, now_utc), camera)


def card_state(seen: CardFacts, now_utc: datetime) -> tuple[CardState, datetime | None]:
    """The state, and since when it has lasted."""
    if seen.over_utc is not None:
        return CardState.OVER, seen.over_utc
    if seen.paused_utc is not None:
        return CardState.PAUSED, seen.paused_utc
    if seen.heard_utc is None or (now_utc - seen.heard_utc).total_seconds() >= MISSING_AFTER_S:
        return CardState.UNKNOWN, seen.heard_utc
    if seen.phase == "watching":
        return CardState.CONNECTED, seen.phase_utc
    if seen.phase == "withheld":
        return CardState.WITHHELD, seen.phase_utc
    if seen.phase not in (None, "waiting", "silent"):
        # A pause has just ended, or a newer version of the node uses a phase that is not known here.
        return CardState.UNKNOWN, seen.phase_utc
    if seen.came_utc is not None:
        return CardState.LOST, seen.phase_utc
    if seen.camera is not None:
        return CardState.OPENED, seen.camera_utc
    if seen.opened_utc is not None or seen.phase == "silent":
        return CardState.OPENED, seen.opened_utc or seen.phase_utc
    return CardState.WAITING, seen.started_utc


def _share(seen: CardFacts, unwatched: Unwatched | None, now_utc: datetime) -> float | None:
    if not unwatched or seen.came_utc is None:
        return None
    lasted_s = ((seen.over_utc or now_utc) - seen.came_utc).total_seconds()
    return round(min(1.0, max(unwatched.values()) / lasted_s), 3) if lasted_s > 0 else None
