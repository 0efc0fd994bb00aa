"""The page: one self-contained HTML file that loads nothing from anywhere and runs no script."""

from __future__ import annotations

from html import escape
from importlib.resources import files

from edge.accuracy.report.contents import ReportSection, sections
from edge.accuracy.report.table import Table
from edge.accuracy.results import Accuracy

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_FOOTER = (
    "Figures hold for this material and these networks. Repeated footage proves nothing new: read unique "
    "seconds, not hours. Bounds are 95 % (Wilson for shares, Garwood for rates) and take every trial as "
    "independent."
)


def accuracy_html(accuracy: Accuracy) -> str:
    """The whole report; everything in it is escaped."""
    style = files(__package__).joinpath("page.css").read_text("utf-8")
    parts = sections(accuracy)
    links = "".join(
        f'<li><a href="#part-{number}">{escape(part.title)}</a></li>' for number, part in enumerate(parts)
    )
    body = "".join(_section(part, number) for number, part in enumerate(parts))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>Accuracy · {escape(accuracy.folder)}</title><style>{style}</style></head><body>"
        '<a class="skip" href="#main">Skip to the figures</a>'
        f'<header><p class="kind">Proctor Edge · accuracy</p><h1>{escape(accuracy.folder)}</h1>'
        f"<p>{_summary(accuracy)}</p>{_facts(accuracy)}"
        f'<nav aria-label="Sections"><ul>{links}</ul></nav></header>'
        f'<main id="main">{body}{_problems(accuracy)}</main><footer><p>{_FOOTER}</p></footer></body></html>\n'
    )


def _summary(accuracy: Accuracy) -> str:
    sentences = []
    for exams in accuracy.exams:
        could = [answer for answer in exams.answers if not answer.excuse]
        in_time = sum(answer.in_time for answer in could)
        sentences.append(
            f"With {escape(exams.selection.words)}: {in_time} of {len(could)} staged events found in time, "
            f"{exams.conduct.events} conduct and {exams.identity.events} identity incidents in "
            f"{exams.hours:.2f} honest hours."
        )
    return " ".join(sentences) or "No exams in this folder; pictures and sounds only."


def _facts(accuracy: Accuracy) -> str:
    facts = [("Made", accuracy.made_utc), ("Seed", str(accuracy.seed))]
    for exams in accuracy.exams:
        models = ", ".join(f"{task} {label}" for task, label in exams.models.items())
        facts.append((f"Networks, {exams.selection}", models))
    rows = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts)
    return f'<dl class="facts">{rows}</dl>'


def _section(part: ReportSection, number: int) -> str:
    figures = f'<div class="figures">{"".join(part.figures)}</div>' if part.figures else ""
    tables = "".join(_table(table, f"part-{number}-{at}") for at, table in enumerate(part.tables))
    return (
        f'<section id="part-{number}" aria-labelledby="title-{number}">'
        f'<h2 id="title-{number}">{escape(part.title)}</h2>{figures}{tables}</section>'
    )


def _table(table: Table, name: str) -> str:
    heads = "".join(f'<th scope="col">{escape(column)}</th>' for column in table.columns)
    rows = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in table.rows
    )
    return (
        f'<h3 id="{name}">{escape(table.heading)}</h3><p class="note">{escape(table.note)}</p>'
        f'<div class="scroll" role="region" aria-labelledby="{name}" tabindex="0">'
        f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _problems(accuracy: Accuracy) -> str:
    if not accuracy.problems:
        return ""
    items = "".join(f"<li>{escape(problem)}</li>" for problem in accuracy.problems)
    return (
        f'<section aria-labelledby="problems"><h2 id="problems">Not measured</h2><ul>{items}</ul></section>'
    )
