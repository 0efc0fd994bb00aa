"""Decides the state of a node from its heartbeats, its membership and the time. Pure.

    joining    not heard yet            missing    silent for 15 s; gets nothing new
    healthy    heard, nothing is wrong  degraded   something is wrong, see the reasons
    cordoned   gets no new sessions     draining   the same, until it is empty
    revoked    none of its messages is accepted

`reasons` has the words for each reason, and how to repair it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from coordinator.nodes.placements import Placement
from shared.messages.heartbeats import MAX_CLOCK_SKEW_S, MISSING_AFTER_S, Heartbeat

LEAST_HEALTH: Final = 3
"""Of 10. A node that feels worse gets nothing new."""
CERTIFICATE_LEFT: Final = timedelta(hours=6)
"""A node renews its certificate when 8 of 24 hours are left; with less than this it has failed to."""
LEAST_DISK_BYTES: Final = 2**30
MOST_WAITING: Final = 1_000
"""From so many waiting alerts on, the coordinator or the way to it is too slow."""
NEVER_HEARD: Final = "never-heard"
NOT_YET: Final = "not-heard-yet"


class State(StrEnum):
    """The state of a node, in one word."""

    JOINING = "joining"
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    MISSING = "missing"
    DRAINING = "draining"
    CORDONED = "cordoned"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a node now."""

    revoked: bool
    placement: Placement
    deadline_utc: datetime | None
    """By when it is to be empty."""
    left: int | None
    """Sessions that it still has; None: not counted."""
    heartbeat: Heartbeat | None
    """The last one since this program started."""
    silent_s: float
    """Since that heartbeat; without one, since this program listens."""
    seen_before: bool
    """Whether it was heard before this program started."""
    skew_s: float | None
    degraded: bool
    """Whether it counts as degraded (`steadiness`)."""
    hub_connected: bool
    """Whether this program can hear anybody."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """The state of a node with its reasons, in the words of `reasons.REASONS`."""

    state: State
    reasons: tuple[str, ...]


def wrong_clock(skew_s: float | None) -> bool:
    """Whether a node with this clock skew refuses commands, or may refuse them."""
    return skew_s is not None and abs(skew_s) > MAX_CLOCK_SKEW_S


def troubles(heartbeat: Heartbeat, skew_s: float | None, now_utc: datetime) -> tuple[str, ...]:
    """What is wrong with a node that is heard: its own reasons, and what its measures tell."""
    return tuple(dict.fromkeys(_troubles(heartbeat, skew_s, now_utc)))


def assess(facts: Facts, now_utc: datetime) -> Assessment:
    """The state of a node now, with everything that explains it."""
    if facts.revoked:
        return Assessment(State.REVOKED, ("revoked",))
    closed = _closed(facts, now_utc)
    silence = _silence(facts)
    said = (silence,) if silence is not None else ()
    return Assessment(_state(facts, silence), (*said, *closed, *_wrong(facts, silence, now_utc)))


def _state(facts: Facts, silence: str | None) -> State:
    gone = silence is not None and silence not in (NEVER_HEARD, NOT_YET)
    if facts.placement is not Placement.OPEN and (not gone or facts.left == 0):
        # A node that was emptied may be switched off: nobody misses it.
        return State(facts.placement.value)
    if gone:
        return State.MISSING
    if silence is not None:
        return State.JOINING
    return State.DEGRADED if facts.degraded else State.HEALTHY


def _wrong(facts: Facts, silence: str | None, now_utc: datetime) -> tuple[str, ...]:
    if silence is not None or facts.heartbeat is None:
        # Heartbeats with a very wrong time are refused, so such a node counts as silent.
        return ("clock-skew",) if wrong_clock(facts.skew_s) else ()
    found = troubles(facts.heartbeat, facts.skew_s, now_utc)
    return ("recovering",) if facts.degraded and not found else found


def _silence(facts: Facts) -> str | None:
    """Why the node is not heard; None: it is."""
    if facts.heartbeat is None and not facts.seen_before:
        return NEVER_HEARD
    if facts.silent_s >= MISSING_AFTER_S:
        return "silent" if facts.hub_connected else "no-hub"
    return None if facts.heartbeat is not None else NOT_YET


def _closed(facts: Facts, now_utc: datetime) -> tuple[str, ...]:
    if facts.placement is not Placement.DRAINING:
        return ("cordoned",) if facts.placement is Placement.CORDONED else ()
    if facts.left == 0:
        return ("drained",)
    late = facts.deadline_utc is not None and now_utc >= facts.deadline_utc
    return ("drain-late",) if late else ("draining",)


def _troubles(heartbeat: Heartbeat, skew_s: float | None, now_utc: datetime) -> Iterator[str]:
    yield from heartbeat.reasons
    if heartbeat.health < LEAST_HEALTH:
        yield "unwell"
    if wrong_clock(skew_s):
        yield "clock-skew"
    if heartbeat.waiting >= MOST_WAITING:
        yield "outbox-behind"
    measured = heartbeat.measures
    if measured is None:
        return
    if (ends_utc := measured.certificate_ends_utc) is not None and ends_utc - now_utc < CERTIFICATE_LEFT:
        yield "certificate-ending" if now_utc < ends_utc else "certificate-ended"
    if measured.disk_free_bytes is not None and measured.disk_free_bytes < LEAST_DISK_BYTES:
        yield "disk-low"
