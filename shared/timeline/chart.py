"""The lanes: one row per kind of event, grouped by class, bars from onset to clearing.

Positions are percentages, independent of the page's width. Every bar is a link to its row in the table: it
takes the keyboard focus and works without a script.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from shared.events.types import EventClass, EventType
from shared.events.words import CLASS_NAMES, event_name
from shared.timeline.values import Entry, Segment, Timeline
from shared.timeline.words import clock, spoken

_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400)
_MOST_TICKS = 10


def chart_html(timeline: Timeline, numbers: dict[Entry, int]) -> str:
    """The whole figure; `numbers` are the entries' numbers in the table."""
    length_s = max(timeline.duration_s, 0.001)
    lanes = "".join(
        _lane(event_class, [e for e in numbers if e.event_class is event_class], length_s, numbers)
        for event_class in EventClass
    )
    script = _script_row(timeline.segments, length_s) if timeline.segments else ""
    return (
        f'<div class="chart" role="group" aria-label="Events over time">{_bands(timeline.segments, length_s)}'
        f"{_axis(length_s)}{script}{lanes}</div>"
    )


def _lane(event_class: EventClass, entries: list[Entry], length_s: float, numbers: dict[Entry, int]) -> str:
    """One class's rows; milestones share a single row."""
    if not entries:
        return ""
    if event_class is EventClass.MILESTONE:
        rows = _row("All steps", (_point(e, numbers[e], length_s) for e in entries))
    else:
        kinds: dict[EventType, list[Entry]] = {}
        for entry in entries:
            kinds.setdefault(entry.event, []).append(entry)
        rows = "".join(
            _row(event_name(kind), (_bar(e, numbers[e], length_s) for e in kinds[kind])) for kind in kinds
        )
    name = CLASS_NAMES[event_class]
    return f'<div class="lane {event_class.value}"><h3>{name}</h3>{rows}</div>'


def _row(name: str, marks: Iterable[str]) -> str:
    track = f'<div class="track">{"".join(marks)}</div>'
    return f'<div class="row"><span class="what">{escape(name)}</span>{track}</div>'


def _bar(entry: Entry, number: int, length_s: float) -> str:
    ends_s = length_s if entry.cleared_s is None else min(entry.cleared_s, length_s)
    begins_s = min(max(entry.onset_s, 0.0), length_s)
    whole_s = max(ends_s - begins_s, 0.001)
    waiting = min(max(entry.raised_s - begins_s, 0.0) / whole_s, 1.0)
    until = "still lasting at the end" if entry.cleared_s is None else f"until {clock(entry.cleared_s)}"
    label = (
        f"{event_name(entry.event)}, from {clock(entry.onset_s)} {until}, reported at {clock(entry.raised_s)}"
    )
    style = f"left:{_percent(begins_s, length_s)};width:{_percent(whole_s, length_s)};--held:{waiting:.1%}"
    lasting = " lasting" if entry.cleared_s is None else ""
    return (
        f'<a class="bar{lasting}" href="#event-{number}" data-event="{number}" style="{style}"'
        f' aria-label="{escape(label)}" title="{escape(label)}"></a>'
    )


def _point(entry: Entry, number: int, length_s: float) -> str:
    label = f"{event_name(entry.event)} at {clock(entry.onset_s)}"
    at = _percent(min(max(entry.onset_s, 0.0), length_s), length_s)
    return (
        f'<a class="point" href="#event-{number}" data-event="{number}" style="left:{at}"'
        f' aria-label="{escape(label)}" title="{escape(label)}"></a>'
    )


def _bands(segments: tuple[Segment, ...], length_s: float) -> str:
    """Tinted bands of the scripted stretches, behind all lanes."""
    bands = "".join(
        f'<i style="{_extent(segment, length_s)}"></i>' for segment in segments if segment.scripted
    )
    return f'<div class="bands" aria-hidden="true">{bands}</div>'


def _script_row(segments: tuple[Segment, ...], length_s: float) -> str:
    stretches = "".join(
        f'<li class="{"scripted" if s.scripted else "plain"}" style="{_extent(s, length_s)}"'
        f' title="{escape(s.label)}">'
        f'<span>{escape(s.label)}</span><span class="unseen"> for {spoken(s.ends_s - s.begins_s)}'
        f" from {clock(s.begins_s)}</span></li>"
        for s in segments
    )
    return (
        '<div class="row script"><span class="what">What really happened</span>'
        f'<ol class="track" aria-label="What really happened">{stretches}</ol></div>'
    )


def _axis(length_s: float) -> str:
    step_s = next((step for step in _STEPS_S if length_s / step <= _MOST_TICKS), _STEPS_S[-1])
    ticks = "".join(
        f'<i style="left:{_percent(at_s, length_s)}">{clock(at_s).removesuffix(".0")}</i>'
        for at_s in range(0, int(length_s) + 1, step_s)
    )
    return (
        '<div class="row axis" aria-hidden="true"><span class="what"></span>'
        f'<div class="track">{ticks}</div></div>'
    )


def _extent(segment: Segment, length_s: float) -> str:
    width = _percent(segment.ends_s - segment.begins_s, length_s)
    return f"left:{_percent(segment.begins_s, length_s)};width:{width}"


def _percent(part_s: float, length_s: float) -> str:
    return f"{100 * part_s / length_s:.3f}%"
