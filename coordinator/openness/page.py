"""The public notice as a page: plain HTML without scripts, for people and screen readers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from shared.api.openness import KeptForOut, LookedForOut, NetworkOut, OpennessOut
from shared.events.words import ACTION_NAMES, CLASS_NAMES

TITLE: Final = "How AI proctoring works"
NOT_MEASURED: Final = "not measured"


def written_out(notice: OpennessOut) -> str:
    """The whole page."""
    whose = f" at {escape(notice.institution)}" if notice.institution else ""
    return (
        f'<!doctype html><html lang="{escape(notice.language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{TITLE}{whose}</title>"
        '<link rel="stylesheet" href="/join/candidate.css"><link rel="icon" href="data:,"></head>'
        f"<body><main><h1>{TITLE}{whose}</h1>"
        f"{_section('Who decides', _list(notice.decides))}"
        f"{_section('What your data are used for, and why that may be', _purposes(notice))}"
        f"{_section('What is looked for', _looked_for(notice.looked_for))}"
        f"{_section('What is not done', _list(notice.never))}"
        f"{_section('What is known of its limits', _list(notice.limits))}"
        f"{_section('How long what is kept', _kept(notice.kept))}"
        f"{_section('What you may do', _list(notice.rights))}"
        f"{_section('The networks', _networks(notice.networks))}"
        f'<p class="quiet">Version {escape(notice.version)}.</p></main></body></html>\n'
    )


def _purposes(notice: OpennessOut) -> str:
    rows = [(one.meaning, one.basis) for one in notice.purposes]
    lead = "" if notice.institution else "<p>An institution may rely on another basis; ask yours.</p>"
    return lead + _table("Purposes", ("Purpose", "Why it may be"), rows)


def _looked_for(found: Sequence[LookedForOut]) -> str:
    rows = [
        (
            one.name if one.usual else f"{one.name} (only where an exam asks for it)",
            CLASS_NAMES[one.event_class],
            "at once, or when counted" if one.hold_seconds is None else f"after {one.hold_seconds:g} s",
            ACTION_NAMES[one.advice],
            "one small still picture" if one.pictured else "none",
        )
        for one in found
    ]
    lead = (
        "<p>These are the usual times; an exam may set others. Technical notes never count against "
        "anybody. The advice goes to the exam platform; nothing is done automatically.</p>"
    )
    heads = ("What", "Kind", "Noted", "Advice", "Picture")
    return lead + _table("What is looked for", heads, rows)


def _kept(kept: Sequence[KeptForOut]) -> str:
    rows = [(one.what, "–" if one.usual_days is None else f"{one.usual_days} days", one.rule) for one in kept]
    lead = "<p>These are the usual days; the notice of your exam names those of your exam.</p>"
    return lead + _table("How long what is kept", ("What", "Usually", "From when"), rows)


def _networks(networks: Sequence[NetworkOut]) -> str:
    rows = [
        (
            f"{one.name} {one.version}" + (", in use now" if one.in_use else ""),
            one.does,
            one.licence + (f" – {one.attribution}" if one.attribution else ""),
            "; ".join(f"{each.what}: {each.value} (of {each.input})" for each in one.measured)
            or NOT_MEASURED,
            " ".join(one.limits) or "–",
            one.differences or NOT_MEASURED,
        )
        for one in networks
    ]
    lead = (
        "<p>A neural network computes an estimate from a picture or a sound. These may be used; of each "
        "task, one is used at a time.</p>"
    )
    heads = (
        "Network",
        "What it does",
        "Licence",
        "Measured",
        "Limits",
        "Differences between groups of people",
    )
    return lead + _table("Networks", heads, rows)


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def _list(sentences: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(one)}</li>' for one in sentences)}</ul>"


def _table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>{"".join(f"<td>{escape(one)}</td>" for one in rest)}</tr>'
        for first, *rest in rows
    )
    # A wide table scrolls by itself; by the keyboard too.
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f'<caption class="unseen">{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
