"""The order of the report: sections with their tables and figures. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edge.accuracy.report import exam_tables, figures, network_tables
from edge.accuracy.report.table import Table
from edge.accuracy.results import Accuracy


@dataclass(frozen=True, slots=True)
class ReportSection:
    """One part of the report."""

    title: str
    tables: tuple[Table, ...]
    figures: tuple[str, ...] = ()
    """SVG, each with its own title and description."""


def sections(accuracy: Accuracy) -> tuple[ReportSection, ...]:
    """Every section with content; tables without rows are left out."""
    made = (
        ReportSection(section.title, tuple(table for table in section.tables if table.rows), section.figures)
        for section in _all(accuracy)
    )
    return tuple(section for section in made if section.tables)


def _all(accuracy: Accuracy) -> Iterator[ReportSection]:
    honest = (exam_tables.false_alerts(accuracy.exams), exam_tables.exam_groups(accuracy.exams))
    yield ReportSection("Honest time", honest, tuple(figures.incident_rates(accuracy.exams)))
    for exams in accuracy.exams:
        yield ReportSection(
            f"Exams with {exams.selection.words}",
            (exam_tables.behaviours(exams), exam_tables.twins(exams), exam_tables.recordings(exams)),
            tuple(figures.delays(exams)),
        )
    yield ReportSection(
        "Who it is",
        (
            network_tables.identity(accuracy.identity),
            network_tables.halves(accuracy.identity),
            network_tables.doubtful(accuracy.identity),
            network_tables.identity_groups(accuracy.identity),
        ),
        tuple(figure for each in accuracy.identity for figure in figures.similarities(each)),
    )
    yield ReportSection("How many faces", (network_tables.counts(accuracy.counts),))
    yield ReportSection(
        "Angles",
        (network_tables.angles(accuracy.angles),),
        tuple(figure for each in accuracy.angles for figure in figures.mirror_pairs(each)),
    )
    yield ReportSection(
        "Sound", (network_tables.voices(accuracy.voices), network_tables.speakers(accuracy.speakers))
    )
