"""Renders the page around lanes and table."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from hashlib import sha256
from html import escape
from importlib.resources import files

from shared.events.types import EventClass
from shared.events.words import CLASS_NAMES
from shared.timeline.chart import chart_html
from shared.timeline.table import table_html
from shared.timeline.values import Entry, Timeline
from shared.timeline.words import counted, spoken


def timeline_html(timeline: Timeline) -> str:
    """One exam as a self-contained HTML page; everything in the timeline is escaped.

    The page's content security policy allows only its style, its one script (by hash) and JPEG data.
    """
    style = files(__package__).joinpath("page.css").read_text("utf-8")
    script = files(__package__).joinpath("page.js").read_text("utf-8")
    ordered = sorted(timeline.entries, key=lambda entry: (entry.onset_s, entry.raised_s, entry.event))
    numbers = {entry: at for at, entry in enumerate(ordered, 1)}
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(script)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(timeline.title)} · exam timeline</title><style>{style}</style></head><body>"
        '<a class="skip" href="#events">Skip to the table of events</a>'
        f"<header>{_header(timeline)}</header><main>"
        f'<section aria-labelledby="over-time"><h2 id="over-time">Over time</h2>{_legend(timeline)}'
        f'<div class="scroll" role="region" aria-labelledby="over-time" tabindex="0">'
        f"{chart_html(timeline, numbers)}</div></section>"
        f'<section aria-labelledby="events-heading" id="events"><h2 id="events-heading">Events</h2>'
        f"{_filters(ordered)}{table_html(numbers)}</section></main>"
        f"<footer>{_FOOTER}</footer><script>{script}</script></body></html>\n"
    )


_FOOTER = (
    "<p>This page reports what the software noticed and why. It draws no conclusion about anybody: every"
    " event may have an ordinary explanation, and only people decide what it means. Technical events say"
    " something about machines and networks, never about the candidate.</p>"
)


def _policy(script: str) -> str:
    digest = b64encode(sha256(script.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; img-src data:"


def _header(timeline: Timeline) -> str:
    facts = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in (("Duration", spoken(timeline.duration_s)), *timeline.facts)
    )
    return (
        f'<p class="kind">Proctor Edge · exam timeline</p><h1>{escape(timeline.title)}</h1>'
        f'<p class="summary">{_summary(timeline.entries)}</p><dl class="facts">{facts}</dl>'
    )


def _summary(entries: tuple[Entry, ...]) -> str:
    counts = Counter(entry.event_class for entry in entries)
    to_review = [
        counted(counts[each], f"{each.value} event")
        for each in (EventClass.CONDUCT, EventClass.IDENTITY)
        if counts[each]
    ]
    if not to_review:
        return "Nothing to review was noticed."
    return f"{' and '.join(to_review)} for a person to look at. A report is a reason to look, not a verdict."


def _legend(timeline: Timeline) -> str:
    tint = '<span><i class="tint"></i>scripted to be noticed</span>' if timeline.segments else ""
    return (
        '<p class="legend"><span><i class="waiting"></i>condition noticed, not yet reported</span>'
        f'<span><i class="reported"></i>reported</span>{tint}'
        "<span>Choose a bar to read about it.</span></p>"
    )


def _filters(entries: list[Entry]) -> str:
    """Check boxes per class; shown only when the script runs, because they need it."""
    counts = Counter(entry.event_class for entry in entries)
    boxes = "".join(
        f'<label class="{each.value}"><input type="checkbox" value="{each.value}" checked>'
        f"{CLASS_NAMES[each]} <span>{counts[each]}</span></label>"
        for each in EventClass
        if counts[each]
    )
    if len(counts) < 2:
        return ""
    return (
        f'<fieldset class="filters" hidden><legend>Show</legend>{boxes}</fieldset>'
        '<p id="shown" class="unseen" role="status"></p>'
    )
