"""Decides how many sessions are tried next, and what the rating is. Pure.

Numbers double until one does not hold, and then halve the distance to the last that held. A number fails only
when it has failed twice: one failure may be an accident of the host.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

DECISION_S: Final = 0.3
"""The longest 95th percentile from frame to decision that holds."""
TRIES: Final = 2

LOST: Final = frozenset(
    {
        "audio_packet_late",
        "audio_packet_lost",
        "audio_superseded",
        "damaged",
        "datagram_refused",
        "decoder_full",
        "loop_busy",
        "undecodable",
        "video_packet_incomplete",
        "video_packet_late",
        "video_packet_lost",
    }
)
"""Reasons for which a frame is lost. A picture that a newer one replaced (`superseded`, `analysis_busy`) is
not: more of them arrive than are looked at."""
UNDONE: Final = frozenset({"overflow", "stale", "stuck", "resting", "failed"})
"""Outcomes of network calls that were due and gave no result."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One number of sessions, tried once."""

    sessions: int
    passed: tuple[str, ...] = ()
    """The limits that were passed; empty: it held."""


def limits_passed(
    decision_p95_s: float | None,
    dropped: Mapping[str, int],
    outcomes: Mapping[str, int],
    strains: Iterable[str],
    *,
    unwatched: int = 0,
    ended: int = 0,
) -> tuple[str, ...]:
    """The limits that one step has passed. `decision_p95_s`: None when nothing was looked at; `outcomes` of
    network calls; `strains`: the triggers of the ladder that fired; `unwatched`: sessions without pictures at
    its end; `ended`: workers that have ended meanwhile."""
    slow = ["nothing-analysed"] if decision_p95_s is None else []
    if decision_p95_s is not None and decision_p95_s > DECISION_S:
        slow = ["decision-late"]
    lost = [f"lost-{reason}" for reason in sorted(LOST) if dropped.get(reason)]
    undone = [f"call-{outcome}" for outcome in sorted(UNDONE) if outcomes.get(outcome)]
    gone = [what for what, count in (("not-watched", unwatched), ("worker-ended", ended)) if count]
    return (*slow, *lost, *undone, *gone, *(f"ladder-{strain}" for strain in strains))


def next_sessions(steps: Sequence[Attempt], most: int) -> int | None:
    """The number to try next, at most `most`; None: the rating is known."""
    low, high = rating_of(steps), _lowest_failed(steps)
    if steps and steps[-1].passed and steps[-1].sessions > low and high != steps[-1].sessions:
        return steps[-1].sessions
    if high is None:
        return None if low >= most else min(max(1, low * 2), most)
    return None if high - low <= 1 else (low + high) // 2


def rating_of(steps: Iterable[Attempt]) -> int:
    """The most sessions that held so far; 0: none."""
    return max((step.sessions for step in steps if not step.passed), default=0)


def _lowest_failed(steps: Sequence[Attempt]) -> int | None:
    held = {step.sessions for step in steps if not step.passed}
    failed = [step.sessions for step in steps if step.passed and step.sessions not in held]
    return min((number for number in failed if failed.count(number) >= TRIES), default=None)
