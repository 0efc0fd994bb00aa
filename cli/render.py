"""How `proctorctl` prints: a table for people, JSON or YAML for programs.

Names, reasons and appeals come from candidates too: control characters in them must not control the terminal
or fake a table row.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from cli.short_ids import shortened
from shared.plain_text import CONTROLS, plain


class Format(StrEnum):
    """How to print."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"

    @property
    def for_people(self) -> bool:
        """A table, not data."""
        return self in (Format.TABLE, Format.WIDE)


OutputOption = Annotated[
    Format,
    typer.Option(
        "--output", "-o", help="table; wide: every column, and instants; json; yaml; name: ids alone."
    ),
]
SHORTENED: Final = frozenset({"exam_session_id", "incident_id", "node_id", "session_id"})
"""Columns of ids whose beginnings commands take."""
_LEAST_CHARS: Final = 16
"""A column that is wider may be wrapped to this width."""
_BETWEEN_CHARS: Final = 2
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_ENDLESS = 10_000
"""The width of output that does not go to a terminal."""

_STEERING_JSON: Final = {code: f"\\u{code:04x}" for code in CONTROLS if code >= 0x7F}
"""The control characters that JSON does not escape."""

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; for scripts.")]


def write_data(data: object, output: Format) -> None:
    """Write JSON-like data as JSON or YAML; or, of an object or a list of them, the first field: its name."""
    if output is Format.NAME:
        named: list[Any] = data if isinstance(data, list) else [data]
        for row in named:
            sys.stdout.write(text_of(next(iter(row.values()), "")) + "\n")
    elif output is Format.JSON:
        sys.stdout.write(json_text(data, indent=2))
    else:
        import yaml  # a twentieth of a command's start, and few ask for it

        yaml.safe_dump(data, sys.stdout, sort_keys=False, allow_unicode=True)


def json_text(data: object, indent: int | None = None) -> str:
    """JSON with a final newline, readable in every language, without control characters."""
    return json.dumps(data, indent=indent, ensure_ascii=False).translate(_STEERING_JSON) + "\n"


def write_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], output: Format) -> None:
    """Write rows: complete as JSON or YAML, or a table of these columns.

    The first column is never cut: other commands take it as an argument. A narrow table leaves out its last
    columns, says how long ago something was and shows ids so far as they tell rows apart; a wide one has
    every column, id and instant. `page.text` is the field `text` of the column `page`.
    """
    if output is Format.NAME:
        sys.stdout.writelines(f"{text_of(_cell(row, columns[0]))}\n" for row in rows)
        return
    if not output.for_people:
        write_data([dict(row) for row in rows], output)
        return
    now_utc = None if output is Format.WIDE else datetime.now(UTC)
    cells = [[_shown(_cell(row, name), now_utc) for name in columns] for row in rows]
    if output is Format.TABLE:
        _shorten_ids(cells, columns)
    widths = [max(map(len, column)) for column in zip(map(_title, columns), *cells, strict=True)]
    kept = len(columns) if output is Format.WIDE else fitting(widths, Console().width)
    first, *others = map(_title, columns[:kept])
    table = Table(Column(first, no_wrap=True, min_width=widths[0]), *others, box=None)
    for row_cells in cells:
        table.add_row(*map(escape, row_cells[:kept]))
    if output is Format.WIDE:
        print_whole(table)
    else:
        Console().print(table)


def _shorten_ids(cells: list[list[str]], columns: Sequence[str]) -> None:
    for place, name in enumerate(columns):
        if name in SHORTENED:
            for row, short in zip(cells, shortened([row[place] for row in cells]), strict=True):
                row[place] = short


def fitting(widths: Sequence[int], width: int) -> int:
    """How many of the first columns fit: the first one whole, others at least in part."""
    used, kept = widths[0] + _BETWEEN_CHARS, 1
    for each in widths[1:]:
        used += min(each, _LEAST_CHARS) + _BETWEEN_CHARS
        if used > width:
            break
        kept += 1
    return kept


def relative(instant_utc: datetime, now_utc: datetime) -> str:
    """How long ago that was, or how far away it is, in its largest unit."""
    seconds = (now_utc - instant_utc).total_seconds()
    for unit, length_s in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        if abs(seconds) >= length_s:
            count = int(abs(seconds) // length_s)
            return f"{count} {unit} ago" if seconds > 0 else f"in {count} {unit}"
    return "now"


def _shown(value: object, now_utc: datetime | None) -> str:
    if now_utc is not None and isinstance(value, str) and _INSTANT.fullmatch(value):
        return relative(datetime.fromisoformat(value), now_utc)
    return text_of(value)


def _title(column: str) -> str:
    return column.partition(".")[0].replace("_", " ")


def _cell(row: Mapping[str, Any], column: str) -> object:
    name, _, field = column.partition(".")
    value = row.get(name)
    return value.get(field) if field and isinstance(value, Mapping) else value


def write_one(row: Mapping[str, Any], output: Format) -> None:
    """Write one object: as a table, one line per known field."""
    if not output.for_people:
        write_data(dict(row), output)
        return
    width = max(map(len, row), default=0)
    for name, value in row.items():
        if value not in (None, [], {}):
            sys.stdout.write(f"{name.replace('_', ' '):<{width}}  {text_of(value)}\n")


def write_lines(lines: Sequence[tuple[str, str]]) -> None:
    """Write names and texts, one under the other; a long text is wrapped beside its name."""
    table = Table(Column(no_wrap=True), Column(overflow="fold"), box=None, show_header=False)
    for name, text in lines:
        table.add_row(name, escape(plain(text)))
    Console().print(table)


def print_whole(table: Table) -> None:
    """Print a table without cutting text: one line per row in a pipe, wrapped in a narrow terminal."""
    console = Console()
    for column in table.columns:
        column.overflow = "fold"
    if not console.is_terminal:
        console = Console(
            width=max(
                console.width, console.measure(table, options=console.options.update(width=_ENDLESS)).maximum
            )
        )
    console.print(table)


def text_of(value: object) -> str:
    """A value as a cell of a table."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{plain(str(name))} {text_of(each)}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(text_of, value))
    return plain(str(value))


def ask_first(question: str, yes: bool) -> None:
    """Ask before an act that cannot be undone; exits with 1 unless the answer is yes."""
    if not yes:
        typer.confirm(f"{question} This cannot be undone.", abort=True, err=True)
