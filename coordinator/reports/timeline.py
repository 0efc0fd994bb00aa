"""A session's timeline as a picture: lanes of bars over time, in shares of its width. Pure; drawn elsewhere.

One lane per class of events, so that technical trouble never looks like conduct. Colour alone carries no
information: the lane gives the class, the height of a bar its severity.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.api.reports import ReportedAlert, SessionReport
from shared.events.types import EventClass

LANES: Final = ("Conduct", "Identity", "Technical", "Unknown", "People")
COLOURS: Final = ("#9a3412", "#6d28d9", "#475569", "#a16207", "#1d4ed8")
"""One per lane, each with a contrast to white of 4.5:1 or more."""
LEAST_WIDTH: Final = 0.003
"""The minimum width, so that a moment is still visible."""
_LANE_OF: Final = {
    EventClass.CONDUCT: 0,
    EventClass.IDENTITY: 1,
    EventClass.TECHNICAL: 2,
    EventClass.PROCTOR: 4,
    EventClass.MILESTONE: 4,
}
_UNKNOWN: Final = 3
_LEAST_HEIGHT: Final = 0.35
_STEPS_S: Final = (5, 10, 30, 60, 300, 600, 900, 1_800, 3_600, 7_200, 14_400)
_MOST_TICKS: Final = 9


@dataclass(frozen=True, slots=True)
class Bar:
    """One event; `x` and `width` are shares of the picture's width, `height` of its lane's height."""

    lane: int
    x: float
    width: float
    height: float
    title: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on the time axis: minutes and seconds since the start."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class TimelinePicture:
    """A timeline to draw."""

    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    summary: str
    """The same in words, for people who cannot see it."""


def picture(report: SessionReport) -> TimelinePicture:
    """The timeline from the session's start to its end, or to the report while it runs."""
    begins = report.session.started_at
    ends = max(_ends(report), begins + timedelta(seconds=1))
    axis = _Axis(begins, (ends - begins).total_seconds())
    alerts = [*report.findings, *report.technical, *report.acts, *report.milestones]
    bars = [_bar(axis, alert) for alert in alerts]
    for one in report.unknown:
        if one.begins_at is not None:
            bars.append(axis.bar(_UNKNOWN, one.begins_at, one.ends_at or ends, 1.0, one.why))
    return TimelinePicture(tuple(bars), tuple(_ticks(axis.span_s)), _summary(report))


@dataclass(frozen=True, slots=True)
class _Axis:
    begins: datetime
    span_s: float

    def x(self, instant: datetime) -> float:
        return min(1.0, max(0.0, (instant - self.begins).total_seconds() / self.span_s))

    def bar(self, lane: int, begins: datetime, ends: datetime, height: float, title: str) -> Bar:
        x = min(self.x(begins), 1.0 - LEAST_WIDTH)
        width = max(LEAST_WIDTH, self.x(ends) - x)
        return Bar(lane, round(x, 5), round(width, 5), height, title)


def _bar(axis: _Axis, alert: ReportedAlert) -> Bar:
    suspicion = alert.event_class in (EventClass.CONDUCT, EventClass.IDENTITY)
    height = max(_LEAST_HEIGHT, alert.severity_score) if suspicion else 1.0
    ends = alert.cleared or alert.onset + timedelta(seconds=alert.duration)
    title = f"{alert.event_type} {elapsed(alert.onset - axis.begins)} ({alert.duration:.1f} s)"
    return axis.bar(_LANE_OF[alert.event_class], alert.onset, ends, height, title)


def elapsed(since: timedelta) -> str:
    """Hours, minutes and seconds since the session's start, `1:02:03`; a minus before it."""
    seconds = round(since.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{sign}{hours}:{minutes:02}:{rest:02}"


def _ticks(span_s: float) -> Iterable[Tick]:
    step_s = next((step for step in _STEPS_S if span_s / step <= _MOST_TICKS), _STEPS_S[-1])
    for number in range(min(int(span_s // step_s), 4 * _MOST_TICKS) + 1):
        at_s = number * step_s
        yield Tick(round(at_s / span_s, 5), elapsed(timedelta(seconds=at_s)))


def _ends(report: SessionReport) -> datetime:
    session = report.session
    return min(session.ended_at or session.session_expires_at, report.made_at)


def _summary(report: SessionReport) -> str:
    return (
        f"Timeline. Findings: {len(report.findings)}; technical events: {len(report.technical)}; acts of "
        f"proctors: {len(report.acts)}. The tables below list the same events."
    )
