"""A few shapes of SVG, and a plot area with axes. Colours come from the page's style by class. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """The part of a figure for the values; x to the right, y up."""

    left: float
    top: float
    width: float
    height: float
    x_from: float
    x_to: float
    y_from: float = 0.0
    y_to: float = 1.0

    def x(self, value: float) -> float:
        """The x position of a value, limited to the area."""
        share = (value - self.x_from) / (self.x_to - self.x_from)
        return self.left + self.width * min(1.0, max(0.0, share))

    def y(self, value: float) -> float:
        share = (value - self.y_from) / (self.y_to - self.y_from)
        return self.top + self.height * (1 - min(1.0, max(0.0, share)))


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def dot(x: float, y: float, kind: str, words: str) -> str:
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="4.5"><title>{escape(words)}</title></circle>'


def cross(x: float, y: float, words: str) -> str:
    return (
        f'<path class="miss" d="M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8"><title>{escape(words)}</title></path>'
    )


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def path(points: Iterable[tuple[float, float]], kind: str, *, closed: bool = False) -> str:
    steps = " L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return f'<path class="{kind}" d="M{steps}{"Z" if closed else ""}"/>'


def x_axis(area: Area, ticks: Iterable[float], words: str, form: str = "{:g}") -> str:
    """Grid lines, numbers and the axis' name below the area."""
    bottom = area.top + area.height
    marks = "".join(
        line(area.x(tick), area.top, area.x(tick), bottom, "grid")
        + text(area.x(tick), bottom + 16, form.format(tick), "tick", "middle")
        for tick in ticks
    )
    return marks + text(area.left + area.width, bottom + 33, words, "tick", "end")


def y_axis(area: Area, ticks: Iterable[tuple[float, str]]) -> str:
    """Grid lines and words left of the area."""
    return "".join(
        line(area.left, area.y(at), area.left + area.width, area.y(at), "grid")
        + text(area.left - 6, area.y(at) + 4, words, "tick", "end")
        for at, words in ticks
    )


def figure(title: str, description: str, size: tuple[float, float], shapes: str) -> str:
    """The whole drawing, as wide as the page allows. Title and description also serve screen readers."""
    width, height = size
    words = escape(f"{title}. {description}")
    return (
        f'<figure style="max-width:{width + 40:g}px"><figcaption>{escape(title)}</figcaption>'
        f'<svg role="img" viewBox="0 0 {width:g} {height:g}" aria-label="{words}">{shapes}</svg>'
        f'<p class="caption">{escape(description)}</p></figure>'
    )
