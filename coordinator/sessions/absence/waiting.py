"""Decides when a missing page is reported, and writes the alert. Pure.

A node watches only connected pages. Before a page has connected, or if none returns after a restart of the
node, it has nothing to watch and raises nothing. So the coordinator reports this: a technical alert without
severity, because silence proves nothing, raised once and cleared when a picture arrives.
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
"""The time to open the page, read the notice and allow the camera. At an exam's start, no page is reported
missing earlier, even if the policy's bound is shorter."""
MESSAGE: Final = "We receive no picture from you. Open the exam page again, or reload it."


@dataclass(frozen=True, slots=True)
class Awaited:
    """A page that is not connected. Create it with `awaited`."""

    since_utc: datetime
    rule: EventRule
    """The hold of CANDIDATE_OFFLINE in the session's policy."""
    from_beginning: bool
    """Whether no page has connected since the exam began; otherwise one was there before, or it is
    unknown."""

    @property
    def bound_s(self) -> float:
        """How long the page may be missing before this is reported."""
        return max(self.rule.hold_s, FIRST_COMING_S) if self.from_beginning else self.rule.hold_s

    def missed(self, now_utc: datetime) -> bool:
        """Whether the missing page must be reported now."""
        return self.rule.enabled and (now_utc - self.since_utc).total_seconds() >= self.bound_s


def awaited(begins_utc: datetime, rule: EventRule, now_utc: datetime, *, came: bool) -> Awaited:
    """Describe a page that has just been found missing. `came`: whether it was connected before.

    A program that looks for the first time long after the start, for example after a restart, cannot know
    whether a page was there: the page is then expected from now on.
    """
    from_beginning = not came and (now_utc - begins_utc).total_seconds() < FIRST_COMING_S
    return Awaited(begins_utc if from_beginning else now_utc, rule, from_beginning)


def absence_alert(subject: Subject, awaited: Awaited, raised_utc: datetime) -> Alert:
    """The alert to raise for one absence. Its id is computed from the absence's start."""
    duration_s = round((raised_utc - awaited.since_utc).total_seconds(), 3)
    made = neutral_alert(
        subject,
        EventType.CANDIDATE_OFFLINE,
        awaited.since_utc,
        explanation=_explanation(awaited.since_utc, duration_s, awaited.from_beginning),
        message=MESSAGE,
        evidence={
            "duration_seconds": duration_s,
            "hold_seconds": awaited.bound_s,
            "since_beginning": awaited.from_beginning,
        },
    )
    changes = {"raised": raised_utc, "cleared": None, "duration": duration_s}
    return made.model_copy(update=changes | {"action_required": awaited.rule.action})


def ended_absence(alert: Alert, over_utc: datetime) -> Alert:
    """The alert to clear for an absence that is over. Value, evidence and sentence give the same duration."""
    duration_s = round(max(0.0, (over_utc - alert.onset).total_seconds()), 3)
    from_beginning = alert.evidence.get("since_beginning") is True
    changes = {
        "cleared": max(over_utc, alert.raised),
        "duration": duration_s,
        "evidence": {**alert.evidence, "duration_seconds": duration_s},
        "explanation": _explanation(alert.onset, duration_s, from_beginning),
    }
    return alert.model_copy(update=changes)


def _explanation(since_utc: datetime, duration_s: float, from_beginning: bool) -> str:
    began = "the exam began at " if from_beginning else ""
    return (
        f"No page was connected since {began}{format_utc(since_utc)}, for {duration_s:.0f} s: "
        "nobody was watched, which says nothing about the candidate."
    )
