"""Makes entries from alerts: evidence values are paired with the bounds they were compared with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pydantic import JsonValue

from shared.alerts import Shown
from shared.timeline.values import Entry, Measure
from shared.timeline.words import number

_BOUND_OF = {
    "current_similarity": "threshold",
    "duration_seconds": "hold_seconds",
    "mean_probability": "probability_bound",
}
"""Bounds with special names; every other bound has its value's name with the suffix `_bound`."""


def entry_of(shown: Shown, zero_utc: datetime) -> Entry:
    """An entry of one alert, on the session clock with zero at `zero_utc`."""
    alert = shown.alert

    def since_zero_s(moment: datetime) -> float:
        return (moment - zero_utc).total_seconds()

    return Entry(
        event=alert.event_type,
        onset_s=since_zero_s(alert.onset),
        raised_s=since_zero_s(alert.raised),
        cleared_s=None if alert.cleared is None else since_zero_s(alert.cleared),
        lasted_s=alert.duration,
        severity=alert.severity_score,
        confidence=alert.confidence,
        explanation=alert.explanation,
        action=alert.action_required,
        measures=measures_of(alert.evidence),
        thumbnail=shown.thumbnail,
    )


def measures_of(evidence: Mapping[str, JsonValue]) -> tuple[Measure, ...]:
    """Evidence as measures, in its order: bounds join their values, lists become text, nulls are left out."""
    bounds = {name: _bound_name(name, evidence) for name in evidence}
    taken = {bound for bound in bounds.values() if bound is not None}
    return tuple(
        Measure(name.replace("_", " "), _plain(value), _numeric(evidence.get(bounds[name] or "")))
        for name, value in evidence.items()
        if name not in taken and value is not None
    )


def _bound_name(name: str, evidence: Mapping[str, JsonValue]) -> str | None:
    wanted = _BOUND_OF.get(name, f"{name}_bound")
    return wanted if _numeric(evidence.get(wanted)) is not None else None


def _numeric(value: JsonValue) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _plain(value: JsonValue) -> float | str:
    if (amount := _numeric(value)) is not None:
        return amount
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(number(_plain(each)) for each in value)
    return str(value)
