"""Decides which nodes have a problem, and makes the alerts of their sessions. Pure.

A gap in the sequence numbers shows that a node's alert is missing, but not which session it is about. So all
sessions of the node get an alert about it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

from pydantic import JsonValue

from coordinator.nodes.marks import Gap, Lost
from coordinator.sessions.milestones import Subject, neutral_alert
from shared.alerts import Alert
from shared.events.table import EVENTS
from shared.events.types import EventType
from shared.messages.heartbeats import MAX_CLOCK_SKEW_S

GAP_AFTER: Final = timedelta(seconds=30)
"""A gap is reported only after this time. Alerts may arrive out of order, and one whose session is not known
yet is sent again, so many gaps close by themselves."""
NOTICED_WITHIN: Final = timedelta(minutes=1)
"""A gap is noticed at the latest so long after its first alert was not sent: a session that has left its node
shortly before may have lost one."""
CALM_CLOCK_S: Final = MAX_CLOCK_SKEW_S / 2
"""A clock counts as right again only below this, so that one that varies around the bound is reported
once."""

Evidence = Mapping[str, JsonValue]
Lane = TypeVar("Lane", bound=Hashable)


@dataclass(frozen=True, slots=True)
class OpenGap:
    """A gap, and since when its mark has been the same."""

    gap: Gap
    since_utc: datetime


def open_gaps(
    before: Mapping[Lane, OpenGap], gaps: Mapping[Lane, Gap], now_utc: datetime
) -> dict[Lane, OpenGap]:
    """The gaps of all lanes. A gap whose mark has changed counts as new."""
    found = {}
    for lane, gap in gaps.items():
        known = before.get(lane)
        same = known is not None and known.gap.mark == gap.mark
        found[lane] = OpenGap(gap, known.since_utc if known is not None and same else now_utc)
    return found


def missing_reports(gaps: Iterable[tuple[UUID, OpenGap]], now_utc: datetime) -> dict[UUID, Evidence]:
    """The nodes with gaps older than `GAP_AFTER`, and how many alerts are missing."""
    missing: defaultdict[UUID, int] = defaultdict(int)
    for node_id, one in gaps:
        if now_utc - one.since_utc >= GAP_AFTER:
            missing[node_id] += one.gap.missing
    return {node_id: {"missing": count, "lost": False} for node_id, count in missing.items()}


def gaps_since(gaps: Iterable[tuple[UUID, OpenGap]]) -> dict[UUID, datetime]:
    """Since when alerts of each node may be missing."""
    since: dict[UUID, datetime] = {}
    for node_id, one in gaps:
        at_utc = one.since_utc - NOTICED_WITHIN
        since[node_id] = min(at_utc, since.get(node_id, at_utc))
    return since


def wrong_clocks(skews_s: Mapping[UUID, float]) -> dict[UUID, Evidence]:
    """The nodes whose clock differs too much from this one."""
    return {
        node_id: {"skew_seconds": round(skew_s, 1), "skew_seconds_bound": MAX_CLOCK_SKEW_S}
        for node_id, skew_s in skews_s.items()
        if abs(skew_s) > MAX_CLOCK_SKEW_S
    }


def right_clocks(skews_s: Mapping[UUID, float]) -> set[UUID]:
    """The nodes whose clock is certainly right. A node without a recent heartbeat is not among them."""
    return {node_id for node_id, skew_s in skews_s.items() if abs(skew_s) <= CALM_CLOCK_S}


def together(losses: Iterable[Lost]) -> list[Lost]:
    """The losses of each node, added up."""
    found: dict[UUID, Lost] = {}
    for lost in losses:
        known = found.get(lost.node_id, Lost(lost.node_id, 0, lost.since_utc))
        since_utc = min(known.since_utc, lost.since_utc)
        found[lost.node_id] = Lost(lost.node_id, known.count + lost.count, since_utc)
    return list(found.values())


def clock_alert(subject: Subject, evidence: Evidence, at_utc: datetime) -> Alert:
    """An open alert: the node's clock is wrong."""
    values = {name: f"{abs(float(str(value))):.1f} s" for name, value in evidence.items()}
    return _alert(subject, EventType.CLOCK_SKEW, evidence, values, at_utc)


def gap_alert(subject: Subject, evidence: Evidence, at_utc: datetime) -> Alert:
    """An open alert: alerts of the node are missing but may still arrive."""
    values = {"missing": str(evidence["missing"]), "repair": "they were requested again"}
    return _alert(subject, EventType.ALERT_GAP, evidence, values, at_utc)


def lost_alert(subject: Subject, lost: Lost, at_utc: datetime) -> Alert:
    """A cleared alert: some of the node's alerts are lost. It covers the time that they may be about."""
    values = {"missing": str(lost.count), "repair": "the node no longer has them"}
    evidence: Evidence = {"missing": lost.count, "lost": True}
    # The id is made from the present time, because two losses may begin at the same instant.
    alert = _alert(subject, EventType.ALERT_GAP, evidence, values, at_utc)
    onset = min(max(lost.since_utc, subject.started_utc), at_utc)
    duration_s = round((at_utc - onset).total_seconds(), 3)
    return alert.model_copy(update={"onset": onset, "cleared": at_utc, "duration": duration_s})


def _alert(
    subject: Subject, event: EventType, evidence: Evidence, values: Mapping[str, str], at_utc: datetime
) -> Alert:
    sentence = EVENTS[event].words.sentence.format(**values)
    made = neutral_alert(subject, event, at_utc, explanation=sentence, message="", evidence=evidence)
    return made.model_copy(update={"cleared": None})
