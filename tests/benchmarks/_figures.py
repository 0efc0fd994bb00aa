"""What benchmarks hand to the table at the end: a figure, where it has to lie, what it was measured on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `wanted` is words for people; `holds` is None where nothing is asked."""

    name: str
    value: str
    wanted: str = ""
    holds: bool | None = None
    measured_on: str = ""

    @classmethod
    def at_least(cls, name: str, value: float, bound: float, measured_on: str) -> Figure:
        return cls(name, f"{value:.3g}", f"≥ {bound:g}", value >= bound, measured_on)

    @classmethod
    def at_most(cls, name: str, value: float, bound: float, measured_on: str) -> Figure:
        return cls(name, f"{value:.3g}", f"≤ {bound:g}", value <= bound, measured_on)


def table(figures: Sequence[Figure]) -> str:
    """All figures under one another."""
    words = {True: "yes", False: "NO", None: ""}
    rows = [("figure", "value", "wanted", "holds", "measured on")]
    rows += [(each.name, each.value, each.wanted, words[each.holds], each.measured_on) for each in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        "  ".join(
            [*(cell.ljust(width) for cell, width in zip(row[:4], widths, strict=True)), row[4]]
        ).rstrip()
        for row in rows
    ]
    return "\n".join(lines) + "\n"
