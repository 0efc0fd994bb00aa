"""Severity stays within its bounds and rises with time."""

from __future__ import annotations

from hypothesis import given, strategies as st

from shared.severity import severity_of

units = st.floats(0, 1)
durations = st.floats(0, 86_400)


@given(units, units, durations, durations)
def test_severity_stays_between_its_base_and_half_way_to_one(
    base: float, confidence: float, duration_s: float, hold_s: float
) -> None:
    found = severity_of(base, confidence=confidence, duration_s=duration_s, hold_s=hold_s)
    assert (base if base > 0 else 0) - 0.001 <= found <= base + (1 - base) / 2 + 0.001


@given(st.floats(0.01, 1), units, durations, durations)
def test_longer_is_never_less_grave(base: float, confidence: float, one_s: float, other_s: float) -> None:
    short_s, long_s = sorted((one_s, other_s))
    assert severity_of(base, confidence=confidence, duration_s=short_s, hold_s=3.0) <= severity_of(
        base, confidence=confidence, duration_s=long_s, hold_s=3.0
    )
