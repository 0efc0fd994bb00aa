"""Formats times and numbers for the page."""

from __future__ import annotations


def clock(at_s: float) -> str:
    """m:ss.t below an hour, h:mm:ss above."""
    tenths = round(max(at_s, 0.0) * 10)
    if tenths >= 36_000:
        seconds = round(tenths / 10)
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{tenths // 600}:{tenths // 10 % 60:02d}.{tenths % 10}"


def spoken(duration_s: float) -> str:
    """A duration in words, for screen readers and sentences."""
    if duration_s < 60:
        return f"{duration_s:.1f} s"
    minutes = round(duration_s / 60) if duration_s >= 3600 else int(duration_s // 60)
    if duration_s >= 3600:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {int(duration_s % 60)} s"


def number(value: float | str) -> str:
    """At most three significant decimals, and no trailing zeros."""
    if isinstance(value, str):
        return value
    return f"{value:.3f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"


def counted(count: int, noun: str) -> str:
    """`1 event`, `2 events`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
