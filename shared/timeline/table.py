"""The table: every event with its explanation, its evidence and bounds, and its picture.

Roles are explicit although the tags imply them: on narrow screens the style shows rows as blocks, which
removes the tags' meaning in some browsers.
"""

from __future__ import annotations

import re
from html import escape

from shared.events.types import EventClass
from shared.events.words import ACTION_NAMES, CLASS_NAMES, event_name
from shared.timeline.values import Entry, Measure
from shared.timeline.words import clock, number, spoken

_PICTURE = re.compile(r"data:image/jpeg;base64,[A-Za-z0-9+/]+={0,2}")
_HEADINGS = ("When", "What was noticed", "Explanation and evidence", "Severity", "Picture")
_CAPTION = "All events in order of time. Times are minutes and seconds since the session's first picture."


def table_html(numbers: dict[Entry, int]) -> str:
    """All entries in order of their numbers; a sentence instead of an empty table."""
    if not numbers:
        return '<p class="nothing">Nothing was reported.</p>'
    headings = "".join(f'<th scope="col" role="columnheader">{heading}</th>' for heading in _HEADINGS)
    rows = "".join(_row(entry, at) for entry, at in numbers.items())
    return (
        '<div class="scroll" role="region" aria-label="Table of events" tabindex="0">'
        f'<table role="table"><caption>{_CAPTION}</caption>'
        f'<thead role="rowgroup"><tr role="row">{headings}</tr></thead>'
        f'<tbody role="rowgroup">{rows}</tbody></table></div>'
    )


def _row(entry: Entry, at: int) -> str:
    kind = entry.event_class.value
    cells = (
        _cell("when", "When", _when(entry)),
        f'<th scope="row" role="rowheader"><span class="name">{escape(event_name(entry.event))}</span>'
        f'<span class="class">{CLASS_NAMES[entry.event_class].removesuffix("s")}</span></th>',
        _cell("why", "Explanation", f"<p>{escape(entry.explanation)}</p>{_measures(entry.measures)}"),
        _cell("severity", "Severity", _severity(entry)),
        _cell("picture", "Picture", _picture(entry)),
    )
    opening = f'<tr id="event-{at}" class="{kind}" data-class="{kind}" role="row" tabindex="-1">'
    return f"{opening}{''.join(cells)}</tr>"


def _cell(name: str, label: str, content: str) -> str:
    return f'<td role="cell" class="{name}" data-label="{label}">{content}</td>'


def _when(entry: Entry) -> str:
    begins = clock(entry.onset_s)
    if entry.event_class is EventClass.MILESTONE:
        return f"<strong>{begins}</strong>"
    reported = f"<small>reported at {clock(entry.raised_s)}</small>"
    if entry.cleared_s is None:
        return f"<strong>{begins} – lasting</strong>{reported}"
    lasted = f"<small>lasted {spoken(entry.lasted_s)}</small>"
    return f"<strong>{begins} – {clock(entry.cleared_s)}</strong>{lasted}{reported}"


def _severity(entry: Entry) -> str:
    if entry.event_class is EventClass.MILESTONE:
        return ""
    if entry.event_class not in (EventClass.CONDUCT, EventClass.IDENTITY):
        return '<span class="none">none</span>'
    return (
        f"<strong>{entry.severity:.2f}</strong>{_meter(entry.severity, None, 1.0)}"
        f"<small>confidence {entry.confidence:.2f}</small><small>{ACTION_NAMES[entry.action]}</small>"
    )


def _picture(entry: Entry) -> str:
    if entry.event_class is EventClass.MILESTONE:
        return ""
    if entry.thumbnail is None or not _PICTURE.fullmatch(entry.thumbnail):
        return '<span class="none">none kept</span>'
    alt = f"Camera picture from when this began, at {clock(entry.onset_s)}"
    return f'<img src="{entry.thumbnail}" alt="{alt}">'


def _measures(measures: tuple[Measure, ...]) -> str:
    if not measures:
        return ""
    items = "".join(f"<div><dt>{escape(m.name)}</dt><dd>{_value(m)}</dd></div>" for m in measures)
    return f'<dl class="measures">{items}</dl>'


def _value(measure: Measure) -> str:
    value = f"<strong>{escape(number(measure.value))}</strong>"
    if measure.bound is None or isinstance(measure.value, str):
        return value
    top = 1.0 if max(measure.value, measure.bound) <= 1 else 1.25 * max(measure.value, measure.bound)
    bound = f'<span class="bound">bound {number(measure.bound)}</span>'
    return f"{value} {bound}{_meter(measure.value, measure.bound, top)}"


def _meter(value: float, bound: float | None, top: float) -> str:
    """A bar filled up to the value, with a mark at the bound; the numbers beside it say the same."""
    filled = min(max(value / top, 0.0), 1.0)
    tick = "" if bound is None else f'<b style="left:{min(max(bound / top, 0.0), 1.0):.1%}"></b>'
    return f'<span class="meter" aria-hidden="true"><i style="width:{filled:.1%}"></i>{tick}</span>'
