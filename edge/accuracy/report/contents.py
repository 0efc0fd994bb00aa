"""What stands where in the report: sections with their tables and figures. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edge.accuracy.report import figures, tables
from edge.accuracy.report.tables import Table
from edge.accuracy.results import Accuracy


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the report."""

    title: str
    tables: tuple[Table, ...]
    figures: tuple[str, ...] = ()
    """SVG, each with a title and a description of its own."""


def sections(accuracy: Accuracy) -> tuple[Section, ...]:
    """Every section that holds anything; tables without rows are left out."""
    made = (
        Section(section.title, tuple(table for table in section.tables if table.rows), section.figures)
        for section in _all(accuracy)
    )
    return tuple(section for section in made if section.tables)


def _all(accuracy: Accuracy) -> Iterator[Section]:
    honest = (tables.false_alerts(accuracy.exams), tables.exam_groups(accuracy.exams))
    yield Section("Honest time", honest, tuple(figures.incident_rates(accuracy.exams)))
    for exams in accuracy.exams:
        yield Section(
            f"Exams with {exams.selection.words}",
            (tables.behaviours(exams), tables.twins(exams), tables.recordings(exams)),
            tuple(figures.delays(exams)),
        )
    yield Section(
        "Who it is",
        (
            tables.identity(accuracy.identity),
            tables.doubtful(accuracy.identity),
            tables.identity_groups(accuracy.identity),
        ),
        tuple(figure for each in accuracy.identity for figure in figures.similarities(each)),
    )
    yield Section("How many faces", (tables.counts(accuracy.counts),))
    yield Section(
        "Angles",
        (tables.angles(accuracy.angles),),
        tuple(figure for each in accuracy.angles for figure in figures.mirror_pairs(each)),
    )
    yield Section("Sound", (tables.voices(accuracy.voices), tables.speakers(accuracy.speakers)))
