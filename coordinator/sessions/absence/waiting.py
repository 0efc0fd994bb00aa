"""A session whose page is not there: who is awaited since when, and what is then said. Pure.

A node watches what is connected to it: before a page has come, or when none comes back after the node has
restarted, it has nothing to watch and raises nothing. So it is said from here: a technical alert without
severity, because silence proves nothing, raised once and over when the picture is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from coordinator.sessions.milestones import Subject, neutral_alert
from shared.alerts import Alert
from shared.events.types import EventType
from shared.fields import format_utc
from shared.policy.rules import EventRule

FIRST_COMING_S: Final = 60.0
"""For a page to be opened, its notice to be read and its camera to be allowed: so long is nobody missed at an
exam's beginning, even where the policy's bound is shorter."""
MESSAGE: Final = "We receive no picture from you. Open the exam page again, or reload it."


@dataclass(frozen=True, slots=True)
class Awaited:
    """A page that is not connected. Make it by `awaited`."""

    since_utc: datetime
    rule: EventRule
    """Of CANDIDATE_OFFLINE, as the session's policy has it."""
    from_beginning: bool
    """Whether no page has come since the exam began; else one was there before, or nobody knows."""

    @property
    def bound_s(self) -> float:
        """How long it may be away before people are told."""
        return max(self.rule.hold_s, FIRST_COMING_S) if self.from_beginning else self.rule.hold_s

    def missed(self, now_utc: datetime) -> bool:
        """Whether people are to be told by now."""
        return self.rule.enabled and (now_utc - self.since_utc).total_seconds() >= self.bound_s


def awaited(begins_utc: datetime, rule: EventRule, now_utc: datetime, *, came: bool) -> Awaited:
    """A page that has just been found missing, where it came before or not as far as is known here.

    Who looks for the first time long after the beginning, as a program does that was started again, cannot
    know whether a page was there: it is then awaited from now on.
    """
    from_beginning = not came and (now_utc - begins_utc).total_seconds() < FIRST_COMING_S
    return Awaited(begins_utc if from_beginning else now_utc, rule, from_beginning)


def absence_alert(
    subject: Subject, awaited: Awaited, raised_utc: datetime, over_utc: datetime | None = None
) -> Alert:
    """The alert of one absence, raised, or over at an instant; its id is that of its beginning."""
    duration_s = round(((over_utc or raised_utc) - awaited.since_utc).total_seconds(), 3)
    made = neutral_alert(
        subject,
        EventType.CANDIDATE_OFFLINE,
        awaited.since_utc,
        explanation=_explanation(awaited, duration_s),
        message=MESSAGE,
        evidence={
            "duration_seconds": duration_s,
            "hold_seconds": awaited.bound_s,
            "since_beginning": awaited.from_beginning,
        },
    )
    changes = {"raised": raised_utc, "cleared": over_utc, "duration": duration_s}
    return made.model_copy(update=changes | {"action_required": awaited.rule.action})


def _explanation(awaited: Awaited, duration_s: float) -> str:
    began = "the exam began at " if awaited.from_beginning else ""
    return (
        f"No page has been connected since {began}{format_utc(awaited.since_utc)}, for {duration_s:.0f} s: "
        "nobody was watched, which says nothing of the candidate."
    )
