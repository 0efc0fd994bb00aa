"""Computes the severity of one alert by a fixed formula.

    severity = base + (1 − base) · ¼ · (confidence + overtime)     for base > 0
    overtime = 1 − 2^(−t / 30 s),  t = duration beyond the hold

The base comes from the policy. Confidence and overtime, each 0…1, may close half of the distance to 1; an
event that lasts another 30 s beyond its hold has used half of its overtime. A base of zero stays zero:
technical events and milestones never add suspicion, even when they last long.
"""

from __future__ import annotations

OVERTIME_HALF_LIFE_S = 30.0
SHARE = 0.25


def severity_of(base: float, *, confidence: float, duration_s: float, hold_s: float) -> float:
    """Severity 0…1 of an event that has lasted `duration_s`, rounded to 0.001."""
    if base <= 0.0:
        return 0.0
    overtime = 1.0 - float(2.0 ** (-max(0.0, duration_s - hold_s) / OVERTIME_HALF_LIFE_S))
    return round(base + (1.0 - base) * SHARE * (confidence + overtime), 3)


def severity_word(score: float) -> str:
    """A severity as a word for statistics: `none`, `low` (below 0.4), `medium` (below 0.7), `high`."""
    if score <= 0.0:
        return "none"
    if score < 0.4:
        return "low"
    return "medium" if score < 0.7 else "high"
