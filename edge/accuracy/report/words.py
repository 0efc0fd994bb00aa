"""Formats the report's numbers, always with the counts they come from."""

from __future__ import annotations

from collections.abc import Sequence

from edge.accuracy.statistics import Rate, Share, median


def percent(value: float) -> str:
    """A percentage with two significant digits."""
    share = 100 * value
    if share == 0 or share >= 10:
        return f"{share:.0f} %"
    return f"{share:.1f} %" if share >= 1 else f"{share:.2f} %"


def share(value: Share) -> str:
    """`3 of 40 (7.5 %, 2.6 %–20 %)`."""
    if value.value is None:
        return "none"
    low, high = value.bounds
    return f"{value.count:,} of {value.of:,} ({percent(value.value)}; {percent(low)} to {percent(high)})"


def rate(value: Rate) -> str:
    """Per hour, with bounds."""
    if value.per_hour is None:
        return "nothing watched"
    low, high = value.bounds
    return f"{value.per_hour:.2f} an hour ({low:.2f} to {high or 0:.2f})"


def duration(seconds: float) -> str:
    """Seconds up to two minutes, then minutes."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def signed(value: float | None, unit: str) -> str:
    """`+0.42 s`; a dash where it is unknown."""
    return "–" if value is None else f"{value:+.2f} {unit}"


def middle_and_worst(values: Sequence[float], unit: str) -> str:
    """The median and the value farthest from zero."""
    if not values:
        return "–"
    return f"{signed(median(values), unit)}, worst {signed(max(values, key=abs), unit)}"
