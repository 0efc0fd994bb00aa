"""The results of reviews: outcomes for candidates in plain words, and the precision of rules. Pure.

A candidate is told about an incident only when it has a verdict that is in effect (`effect`) and its session
is over. A score, a threshold or the reviewer is never told. If a decision was told and then taken back, the
candidate is told that too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal, Protocol
from uuid import UUID

from coordinator.incidents.states import Decision, State
from coordinator.reviews.effect import Told
from coordinator.reviews.states import TABLE, Act
from shared.alerts import Alert
from shared.api.incidents import OutcomeOut, RulePrecision
from shared.events.types import EventType
from shared.events.words import event_name

_WORDS: Final[Mapping[State, str]] = MappingProxyType(
    {
        State.OPEN: "The earlier decision on this was taken back and no longer counts. It is being "
        "looked at again; you will find the new decision here.",
        State.CONFIRMED: "Two reviewers looked at this and confirmed it. You may appeal against it.",
        State.DISMISSED: "A reviewer looked at this and found no reason to act.",
        State.APPEALED: "You have appealed. Someone who was not involved before will decide.",
        State.UPHELD: "Someone not involved before has decided your appeal: the decision stays.",
        State.OVERTURNED: "Someone not involved before has decided your appeal: the decision was reversed.",
    }
)

_OUTCOMES: Final[
    Mapping[State, Literal["confirmed", "dismissed", "appealed", "upheld", "overturned", "reopened"]]
] = MappingProxyType(
    {
        State.OPEN: "reopened",
        State.CONFIRMED: "confirmed",
        State.DISMISSED: "dismissed",
        State.APPEALED: "appealed",
        State.UPHELD: "upheld",
        State.OVERTURNED: "overturned",
    }
)
_CORRECTED: Final = "This replaces the earlier decision, which was taken back."


class Reviewed(Protocol):
    """The part of an incident that a candidate may know; `incidents.tables.Incident` has it."""

    @property
    def id(self) -> UUID: ...
    @property
    def begins_utc(self) -> datetime: ...
    @property
    def ends_utc(self) -> datetime | None: ...


def outcome_out(incident: Reviewed, told: Told, alerts: Iterable[Alert]) -> OutcomeOut:
    """What the candidate is told about an incident with these alerts."""
    state = told.state
    if state not in _OUTCOMES:
        raise ValueError(f"a candidate is not told about an incident that is {state}")
    again = told.corrected and state is not State.OPEN
    return OutcomeOut(
        incident_id=str(incident.id),
        begins_at=incident.begins_utc,
        ends_at=incident.ends_utc,
        observed=list(dict.fromkeys(event_name(alert.event_type) for alert in alerts)),
        outcome=_OUTCOMES[state],
        explanation=f"{_WORDS[state]} {_CORRECTED}" if again else _WORDS[state],
        may_appeal=isinstance(TABLE[state, Act.APPEAL], State),
    )


def rule_precision(event: EventType, counts: Mapping[Decision, int]) -> RulePrecision:
    """Confirmed ÷ decided, for the findings of one kind of event."""
    confirmed, dismissed = counts[Decision.CONFIRMED], counts[Decision.DISMISSED]
    decided = confirmed + dismissed
    return RulePrecision(
        event_type=event,
        confirmed=confirmed,
        dismissed=dismissed,
        decided=decided,
        precision=round(confirmed / decided, 4) if decided else None,
    )
