"""Decides when a delivery is tried again, when a destination is left alone, when a delivery is dead. Pure.

Waits double from try to try up to a limit and are spread by chance (`chance` in 0…1), so that many sessions
do not come back at the same instant. After some failures in a row the destination is left alone: nothing is
sent until the wait is over, then one delivery as a probe.

What the destination refuses for itself is dead after some tries. What meets a destination that does not work
is dead only after days, however often it was tried: an outage of a weekend loses nothing and changes no
order.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from coordinator.deliveries.outcomes import Ending, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The bounds of trying."""

    first_wait_s: float = 1.0
    longest_wait_s: float = 300.0
    failures_in_a_row: int = 5
    """From so many on the destination is left alone."""
    refusals: int = 10
    """Tries of a message that the destination refuses."""
    give_up_after_s: float = 3 * 86_400.0
    """How long a delivery is tried at a destination that does not work."""
    answer_within_s: float = 10.0
    """For a whole try: resolving, connecting, sending, the answer."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A delivery before a try."""

    attempts: int
    """Failed tries so far."""
    due_utc: datetime


@dataclass(frozen=True, slots=True)
class Try:
    """A try at a destination, and whether it was the probe of one that is left alone."""

    outcome: Outcome
    probe: bool = False


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a delivery after a try."""

    attempts: int
    dead: bool
    next_try_utc: datetime
    """Of a delivery that is neither delivered nor dead."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """How a destination is doing."""

    failures: int = 0
    """In a row."""
    open_until_utc: datetime | None = None
    """Nothing is sent before."""


def wait_s(pace: Pace, failures: int, chance: float) -> float:
    """The wait after this number of failures: it doubles with each, and half of it is random."""
    doubled = pace.first_wait_s * 2.0 ** min(max(failures, 1) - 1, 60)
    return min(doubled, pace.longest_wait_s) * (0.5 + 0.5 * chance)


def after_try(pace: Pace, tried: Tried, outcome: Outcome, now_utc: datetime, chance: float) -> Fate:
    """What becomes of a delivery."""
    if outcome.ending is Ending.DELIVERED:
        return Fate(tried.attempts, dead=False, next_try_utc=now_utc)
    attempts = tried.attempts + 1
    if outcome.ending is Ending.REFUSED:
        dead = attempts >= pace.refusals
    else:
        dead = now_utc - tried.due_utc >= timedelta(seconds=pace.give_up_after_s)
    wait = max(wait_s(pace, attempts, chance), outcome.retry_after_s or 0.0)
    return Fate(attempts, dead, now_utc + timedelta(seconds=wait))


def breaker_after(pace: Pace, before: Breaker, tries: Try, now_utc: datetime, chance: float) -> Breaker:
    """How the destination is doing after a try. A wait that it asked for counts from the first failure on.

    Tries that were under way when the destination was left alone add nothing: sixteen that fail together are
    one outage, not sixteen.
    """
    outcome = tries.outcome
    if outcome.ending is Ending.DELIVERED:
        return Breaker()
    counts = tries.probe or before.failures < pace.failures_in_a_row
    failures = before.failures + counts
    wait = outcome.retry_after_s or 0.0
    if counts and failures >= pace.failures_in_a_row:
        wait = max(wait, wait_s(pace, failures - pace.failures_in_a_row + 1, chance))
    if not wait:
        return Breaker(failures, before.open_until_utc)
    until = now_utc + timedelta(seconds=wait)
    return Breaker(failures, max(until, before.open_until_utc or until))


def may_send(breaker: Breaker, now_utc: datetime) -> bool:
    """Whether anything may be sent now."""
    return breaker.open_until_utc is None or now_utc >= breaker.open_until_utc


def probes(pace: Pace, breaker: Breaker) -> bool:
    """Whether only one delivery is sent, to see whether the destination works again."""
    return breaker.failures >= pace.failures_in_a_row
