"""A report in words: headings, texts, tables and pictures in order, for all forms. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, assert_never

from coordinator.reports.timeline import TimelinePicture, elapsed, picture
from shared.api.reports import ReportedAlert, ReportedIncident, SessionReport
from shared.events.types import EventType
from shared.fields import format_utc
from shared.plain_text import plain
from shared.unwatched import told

MAX_STILLS: Final = 60
"""Small pictures in one document; at 45 KB each that is 2.6 MB."""

_READING: Final = (
    "This report repeats what software measured and what people decided. Software decides nothing. An alert "
    "says that a value was beyond its limit for some time; it does not say why. If no alert is listed, this "
    "proves nothing: see what is unknown. Technical events say nothing about the candidate."
)


@dataclass(frozen=True, slots=True)
class Heading:
    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Words:
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """`shares`: of the width, per column."""

    head: tuple[str, ...]
    shares: tuple[float, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    picture: TimelinePicture


@dataclass(frozen=True, slots=True)
class Still:
    """A small picture of an alert, as a `data:` URL of a JPEG."""

    data_url: str
    caption: str


Block = Heading | Words | Table | Timeline | Still


def document(report: SessionReport, stills: Mapping[str, str]) -> list[Block]:
    """The report's blocks. `stills`: small pictures by event_id; the first `MAX_STILLS` are shown."""
    blocks = [
        Heading(f"Session {report.session.session_id}", 1),
        Words(_READING),
        *_session(report),
        Heading("Timeline"),
        Timeline(picture(report)),
        *_unknown(report),
        *_incidents(report),
        *_findings(report, stills),
        *_alerts("Technical events", "None was reported.", report, report.technical),
        *_acts(report),
        *_milestones(report),
        *_conditions(report),
    ]
    return [_plain(block) for block in blocks]


def _plain(block: Block) -> Block:
    """Text of candidates and reviewers without control characters, so that it cannot affect other text."""
    match block:
        case Heading() | Words():
            return replace(block, text=plain(block.text))
        case Table():
            return replace(block, rows=tuple(tuple(map(plain, row)) for row in block.rows))
        case Timeline() | Still():
            return block
        case _:
            assert_never(block)


def _session(report: SessionReport) -> list[Block]:
    session, totals = report.session, report.totals
    state = session.status if report.final else "running; not final"
    states = ", ".join(f"{number} {state}" for state, number in totals.incidents.items()) or "none"
    rows = (
        ("Candidate", session.candidate_id),
        ("Exam", session.exam_id),
        ("State", state),
        ("Started", format_utc(session.started_at)),
        ("Ended", format_utc(session.ended_at) if session.ended_at else "not ended by anybody"),
        ("Report made", format_utc(report.made_at)),
        ("Identity", _IDENTITY[report.identity]),
        ("Policy version", f"{session.policy_version} (SHA-256 {report.policy_sha256})"),
        ("Findings", f"{totals.findings}, in incidents: {states}"),
        ("Technical events", str(totals.technical)),
        ("Not watched", "unknown" if session.unwatched_s is None else told(session.unwatched_s)),
    )
    acknowledged = tuple(
        (
            "Notice acknowledged",
            f"{format_utc(one.at)}, version {one.notice_version}: {', '.join(one.purposes)}",
        )
        for one in report.acknowledged
    )
    changed = tuple(
        (
            "Policy changed",
            f"{format_utc(one.at)}, from version {one.version_before} to {one.version}, by {one.changed_by} "
            f"({one.role}): {one.reason or 'the reason was erased'}",
        )
        for one in report.policy_changes
    )
    return [Heading("Session"), Table(("What", "Value"), (0.25, 0.75), rows + changed + acknowledged)]


_IDENTITY: Final = {
    "enrolled": "compared with the enrolled face",
    "unavailable": "not checked: no enrollment was valid when the session started",
    "not-asked": "not checked: the policy does not ask for it",
}


def _unknown(report: SessionReport) -> list[Block]:
    rows = tuple(
        (
            one.what,
            "the whole session" if one.begins_at is None else _at(report, one.begins_at),
            "" if one.begins_at is None else _at(report, one.ends_at) if one.ends_at else "to the end",
            one.why,
        )
        for one in report.unknown
    )
    if not rows:
        return [Heading("What is unknown"), Words("There are no known gaps.")]
    sums = ", ".join(f"{what} {seconds:.1f} s" for what, seconds in report.totals.unknown_seconds.items())
    return [
        Heading("What is unknown"),
        *([Words(f"Total unknown time, besides what applies to the whole session: {sums}.")] if sums else []),
        Table(("What", "From", "To", "Why"), (0.12, 0.18, 0.15, 0.55), rows),
    ]


def _incidents(report: SessionReport) -> list[Block]:
    blocks: list[Block] = [Heading("Incidents and what people decided")]
    if not report.incidents:
        blocks.append(Words("There is no incident."))
    for one in report.incidents:
        blocks += _incident(report, one)
    return blocks


def _incident(report: SessionReport, one: ReportedIncident) -> list[Block]:
    incident = one.incident
    kinds = ", ".join(incident.event_types)
    rows = tuple(
        (format_utc(act.at), f"{act.by} ({act.role})", act.act, act.reason or "", act.text or "")
        for act in one.history
    )
    blocks: list[Block] = [
        Heading(f"{_at(report, incident.begins_at)}  {kinds}", 3),
        Words(
            f"State: {incident.state}. Severity {incident.severity:.2f}, {incident.alert_count} alerts. "
            f"Id {incident.incident_id}."
        ),
    ]
    if rows:
        head = ("When", "Who", "Act", "Reason", "Words")
        blocks.append(Table(head, (0.2, 0.2, 0.12, 0.15, 0.33), rows))
    else:
        blocks.append(Words("Nobody has looked at it."))
    return blocks


def _findings(report: SessionReport, stills: Mapping[str, str]) -> list[Block]:
    blocks = _alerts("Findings", "There is none.", report, report.findings)
    shown = [one for one in report.findings if one.event_id in stills][:MAX_STILLS]
    blocks += [
        Still(stills[one.event_id], f"{one.event_type}, {_at(report, one.onset)}, {one.event_id}")
        for one in shown
    ]
    return blocks


def _alerts(title: str, empty: str, report: SessionReport, alerts: Sequence[ReportedAlert]) -> list[Block]:
    if not alerts:
        return [Heading(title), Words(empty)]
    rows = tuple(
        (
            _at(report, one.onset),
            one.event_type.value,
            f"{one.severity_score:.2f}",
            f"{one.duration:.1f} s",
            " ".join(filter(None, (one.explanation, _evidence(one), _NO_PICTURE.get(one.picture)))),
        )
        for one in alerts
    )
    return [
        Heading(title),
        Table(
            ("Onset", "Event", "Severity", "Lasted", "What was measured"), (0.1, 0.22, 0.09, 0.09, 0.5), rows
        ),
    ]


_NO_PICTURE: Final = {
    "erased": "Its picture was erased.",
    "missing": "Its picture was not kept.",
}


def _acts(report: SessionReport) -> list[Block]:
    """Includes what the candidate was told: a hearing needs it."""
    rows = tuple(
        (
            _at(report, one.onset),
            one.event_type.value,
            f"{one.evidence.get('by', '')} ({one.evidence.get('role', '')})",
            _value(one.evidence.get("reason", "")),
            "" if one.event_type is EventType.PROCTOR_FLAG else one.message,
        )
        for one in report.acts
    )
    head = ("When", "Act", "By", "Reason, not told", "Words to the candidate")
    table = Table(head, (0.1, 0.23, 0.17, 0.25, 0.25), rows)
    return [Heading("What proctors did"), table if rows else Words("Nothing is recorded.")]


def _milestones(report: SessionReport) -> list[Block]:
    rows = tuple((_at(report, one.onset), one.event_type.value, one.explanation) for one in report.milestones)
    table = Table(("When", "Milestone", "What it says"), (0.1, 0.3, 0.6), rows)
    return [Heading("Milestones"), table if rows else Words("None is recorded.")]


def _evidence(alert: ReportedAlert) -> str:
    measured = "; ".join(f"{name} {_value(value)}" for name, value in sorted(alert.evidence.items()))
    return f"[{measured}]" if measured else ""


def _value(value: object) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 200 else text[:199] + "…"


def _conditions(report: SessionReport) -> list[Block]:
    rows = tuple(
        (
            one.node,
            f"{one.region}, {one.device}, level {one.degradation_level}, policy {one.policy_version}",
            ", ".join(f"{task} {model}" for task, model in sorted(one.models.items())),
            f"{_at(report, one.first_at)}–{_at(report, one.last_at)}, {one.alerts} alerts",
        )
        for one in report.seen_with
    )
    return [
        Heading("Conditions of the measurements"),
        Table(("Node", "Where and how", "Networks", "When"), (0.22, 0.22, 0.36, 0.2), rows)
        if rows
        else Words("No node reported anything."),
    ]


def _at(report: SessionReport, instant: datetime) -> str:
    return elapsed(instant - report.session.started_at)
