"""The tables on a terminal."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

from edge.accuracy.report.contents import sections
from edge.accuracy.report.table import Table
from edge.accuracy.results import Accuracy


def print_tables(accuracy: Accuracy, console: Console) -> None:
    """Every table that has rows, then what could not be measured."""
    for section in sections(accuracy):
        for table in section.tables:
            _print(table, section.title, console)
    for problem in accuracy.problems:
        console.print(f"[yellow]not measured:[/] {escape(problem)}", soft_wrap=True)


def _print(table: Table, title: str, console: Console) -> None:
    grid = Grid(box=box.SIMPLE_HEAD, title=f"{escape(title)}: {escape(table.heading)}", title_justify="left")
    for column in table.columns:
        grid.add_column(escape(column), overflow="fold")
    for row in table.rows:
        grid.add_row(*(escape(cell) for cell in row))
    console.print(grid)
    console.print(f"  [dim]{escape(table.note)}[/]", soft_wrap=True)
