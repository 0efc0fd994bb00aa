"""The rehearsal's script: what happens when in the demo's recording, compared with an exam's alerts.

`edge.rehearsal` makes the recording from a `Script` and stores the script as JSON beside it, so that the
alerts of a run, live or with `analyze`, can be compared with what really happened.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from shared.errors import Corrupt
from shared.events.types import EventClass, EventType

Kind = Literal["honest", "second_face", "another_person", "empty_chair", "voice"]

JUDGED_CLASSES = frozenset({EventClass.CONDUCT, EventClass.IDENTITY})
"""Classes about the candidate; technical events and milestones may happen at any time."""

MARGIN_S = 1.0
"""How far outside a segment an onset still belongs to it: one check at the slowest rate (1 Hz)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One alert that must be raised."""

    event_type: EventType
    holds_from_s: float
    """When its condition becomes true in the recording; the alert follows after the rule's hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One stretch of the recording, from `begins_s` until just before `ends_s`."""

    kind: Kind
    begins_s: float
    ends_s: float
    note: str
    """One sentence for people: what can be seen and heard."""
    expected: tuple[Expectation, ...] = ()
    allowed: tuple[EventType, ...] = ()
    """Event types that are correct here too, but not required."""

    def explains(self, event_type: EventType, onset_s: float) -> bool:
        """Whether an alert of this type and onset belongs to this segment."""
        near = self.begins_s - MARGIN_S <= onset_s < self.ends_s + MARGIN_S
        return near and (event_type in self.allowed or any(e.event_type == event_type for e in self.expected))


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The whole recording; its segments follow one another without a gap, from 0 to `duration_s`."""

    duration_s: float
    segments: tuple[Segment, ...]

    def segment_at(self, at_s: float) -> Segment:
        """The segment on screen at this time; times outside the recording belong to its first or last one."""
        return next((s for s in self.segments if at_s < s.ends_s), self.segments[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedAlert:
    """One received alert, in seconds of recording time."""

    event_type: EventType
    event_class: EventClass
    onset_s: float
    raised_s: float
    arrived_s: float | None = None
    """When the observer received it; None when nothing is delivered (an analysed recording)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One alert that the script expects, with its segment."""

    event_type: EventType
    segment: Kind
    begins_s: float
    ends_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Unexpected:
    """One conduct or identity alert that its segment does not explain."""

    event_type: EventType
    onset_s: float
    segment: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """How long one expected alert took, in milliseconds."""

    event_type: EventType
    from_condition_ms: float
    """From the condition in the picture to the alert, including the rule's hold."""
    delivery_ms: float | None
    """From the alert being raised to its arrival; None where nothing was delivered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The expected and the received alerts."""

    expected: tuple[Expected, ...]
    observed: tuple[ObservedAlert, ...]
    missing: tuple[Expected, ...]
    unexpected: tuple[Unexpected, ...]
    latency_ms: tuple[Latency, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing is missing and no conduct or identity alert began in an honest stretch."""
        return not self.missing and all(each.segment != "honest" for each in self.unexpected)


def compare(script: Script, observed: Iterable[ObservedAlert]) -> Report:
    """Compare the received alerts with the script. An expected alert may be raised more than once."""
    alerts = tuple(sorted(observed, key=lambda alert: (alert.onset_s, alert.event_type)))
    expected: list[Expected] = []
    missing: list[Expected] = []
    latencies: list[Latency] = []
    for segment in script.segments:
        for expectation in segment.expected:
            wanted = Expected(
                event_type=expectation.event_type,
                segment=segment.kind,
                begins_s=segment.begins_s,
                ends_s=segment.ends_s,
            )
            expected.append(wanted)
            first = _first(alerts, expectation, segment)
            if first is None:
                missing.append(wanted)
            else:
                latencies.append(_latency(expectation, first))
    return Report(
        expected=tuple(expected),
        observed=alerts,
        missing=tuple(missing),
        unexpected=tuple(
            Unexpected(
                event_type=alert.event_type,
                onset_s=alert.onset_s,
                segment=script.segment_at(alert.onset_s).kind,
            )
            for alert in alerts
            if alert.event_class in JUDGED_CLASSES
            and not any(segment.explains(alert.event_type, alert.onset_s) for segment in script.segments)
        ),
        latency_ms=tuple(latencies),
    )


def _first(
    alerts: tuple[ObservedAlert, ...], expectation: Expectation, segment: Segment
) -> ObservedAlert | None:
    wanted = expectation.event_type
    return next((a for a in alerts if a.event_type == wanted and segment.explains(wanted, a.onset_s)), None)


def _latency(expectation: Expectation, alert: ObservedAlert) -> Latency:
    arrived_s = alert.arrived_s
    return Latency(
        event_type=alert.event_type,
        from_condition_ms=round(1000 * (alert.raised_s - expectation.holds_from_s), 1),
        delivery_ms=None if arrived_s is None else round(1000 * (arrived_s - alert.raised_s), 1),
    )


def script_json(script: Script) -> bytes:
    """The script as JSON, for the file beside the recording (`expected.json`)."""
    return TypeAdapter(Script).dump_json(script, indent=2) + b"\n"


def script_from_json(text: bytes) -> Script:
    """Read the output of `script_json`. Raises `Corrupt` when it is invalid."""
    try:
        return TypeAdapter(Script).validate_json(text)
    except ValidationError as error:
        raise Corrupt(f"not a rehearsal script: {error.error_count()} problems") from error


def report_json(report: Report) -> bytes:
    """The report as `report.json`: the five lists and the verdict."""
    body = TypeAdapter(Report).dump_python(report, mode="json")
    return TypeAdapter(dict[str, object]).dump_json({"passed": report.passed, **body}, indent=2) + b"\n"
