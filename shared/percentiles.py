"""Percentiles of measurements. Pure."""

from __future__ import annotations

from collections.abc import Iterable


def percentile(values: Iterable[float], percent: int) -> float:
    """The value that this percentage of the others does not exceed, rounded down; 0 if there are none."""
    ordered = sorted(values)
    return ordered[percent * (len(ordered) - 1) // 100] if ordered else 0.0
