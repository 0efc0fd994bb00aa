"""Decides when a verdict takes effect, and what counts after one was undone. Pure.

A verdict is stored at once, with the instant at which it takes effect. Until then its reviewer can undo it,
and everything outside the review (a candidate's outcome, an appeal, statistics, reports) uses what was in
effect before. No task waits for the instant: each reader compares it with the present time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeVar
from uuid import UUID

from coordinator.incidents.states import VERDICTS, State
from coordinator.reviews.states import FINDS, VERDICT_ACTS, Act

UNDO_FOR: Final = timedelta(seconds=10)
"""How long a verdict can be undone. After that it is in effect."""
MOVES: Final = VERDICT_ACTS | {Act.REOPEN, Act.APPEAL, Act.UNDO}
"""Acts that change an incident's state."""


class StateAct(Protocol):
    """The part of an act that decides the state; `reviews.tables.ReviewAct` has it."""

    @property
    def id(self) -> UUID: ...
    @property
    def incident_id(self) -> UUID: ...
    @property
    def act(self) -> Act: ...
    @property
    def actor(self) -> str: ...
    @property
    def state(self) -> State: ...
    @property
    def at_utc(self) -> datetime: ...
    @property
    def effective_utc(self) -> datetime | None: ...


S = TypeVar("S", bound=StateAct)


@dataclass(frozen=True, slots=True)
class InForce:
    """The result of the acts on one incident."""

    state: State
    verdict_id: UUID | None = None
    """The act that says which findings the verdict is about."""
    decided_utc: datetime | None = None
    effective_utc: datetime | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What a candidate may be told about an incident."""

    state: State
    """`OPEN`: the verdict that the candidate was told has been taken back, and there is no new one yet."""
    verdict_id: UUID | None = None
    corrected: bool = False
    """Whether the candidate was told an earlier verdict, which was taken back."""


def effective_from(act: Act, at_utc: datetime) -> datetime | None:
    """The instant from which an act is in effect; None: at once."""
    return at_utc + UNDO_FOR if act in VERDICT_ACTS else None


def without_undone(steps: Iterable[S]) -> list[S]:
    """The acts that changed the state of an incident or of one merged into it, in order, without undone
    ones."""
    kept: list[S] = []
    for step in steps:
        if step.act is Act.UNDO:
            last = max(n for n, one in enumerate(kept) if one.incident_id == step.incident_id)
            del kept[last]
        elif step.act in MOVES:
            kept.append(step)
    return kept


def in_force(steps: Sequence[StateAct]) -> InForce:
    """The result of these acts on one incident, from which undone acts were removed."""
    if not steps:
        return InForce(State.OPEN)
    opened = max((n + 1 for n, step in enumerate(steps) if step.act is Act.REOPEN), default=0)
    verdict_id = next((step.id for step in reversed(steps[opened:]) if step.act in FINDS), None)
    last = next((step for step in reversed(steps) if step.act in VERDICT_ACTS), None)
    state = steps[-1].state
    if last is None or state is State.OPEN:
        return InForce(state)
    return InForce(state, verdict_id, last.at_utc if state in VERDICTS else None, last.effective_utc)


def in_effect(steps: Iterable[S], now_utc: datetime) -> list[S]:
    """The acts without undone ones, and without the latest ones if they may still be undone."""
    kept = without_undone(steps)
    while kept and _may_be_undone(kept[-1], now_utc):
        kept.pop()
    return kept


def told(steps: Iterable[StateAct], now_utc: datetime) -> Told | None:
    """What the candidate is told about an incident with these acts; None while there is no verdict in effect.
    Acts on incidents merged into it must not be among them.

    A verdict that was taken back before it was in effect was never told.
    """
    kept, said, corrected = without_undone(steps), None, False
    for n, step in enumerate(kept):
        until_utc = kept[n + 1].at_utc if n + 1 < len(kept) else now_utc
        if step.act is Act.REOPEN and said is not None:
            said, corrected = Told(State.OPEN, None, corrected=True), True
        elif step.state in VERDICTS and not _may_be_undone(step, until_utc):
            said = Told(step.state, in_force(kept[: n + 1]).verdict_id, corrected)
    return said


def _may_be_undone(step: StateAct, now_utc: datetime) -> bool:
    return step.effective_utc is not None and now_utc < step.effective_utc
