"""`--watch`: a list that stays open and prints what is new or changed, until Ctrl-C."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, Final

import typer
from pydantic import BaseModel
from rich.console import Console

from cli.render import Format, json_text, write_rows
from shared.errors import Unavailable

EVERY_S: Final = 2.0
Row = Mapping[str, Any]

WatchOption = Annotated[
    bool,
    typer.Option(
        "--watch",
        "-w",
        help="Keep running and print what is new or changed.",
    ),
]


class News:
    """Finds new or changed rows, by the column that names them."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._seen: dict[object, Row] = {}

    def of(self, rows: Sequence[Row]) -> list[Row]:
        """The rows that are new or changed since the last call; rows not listed are forgotten."""
        fresh = [row for row in rows if self._seen.get(row[self._name]) != row]
        self._seen = {row[self._name]: row for row in rows}
        return fresh


def show_rows(
    read: Callable[[], Iterable[BaseModel]], columns: Sequence[str], output: Format, *, watch: bool
) -> None:
    """Write rows once, or while watching whenever they change. The first column names a row.

    As JSON each new or changed row is one line, as YAML one document. If the coordinator does not
    answer, this is said once and it is waited for.
    """
    if not watch:
        write_rows(_rows(read()), columns, output)
        return
    news, away = News(columns[0]), False
    try:
        while True:
            try:
                rows = _rows(read())
                away = False
            except Unavailable as error:
                if not away:
                    sys.stderr.write(f"proctorctl: {error}; waiting for it\n")
                away = True
            else:
                _write_news(rows, news.of(rows), columns, output)
            time.sleep(EVERY_S)
    except KeyboardInterrupt:
        return


def _rows(answers: Iterable[BaseModel]) -> list[Row]:
    return [one.model_dump(mode="json") for one in answers]


def _write_news(rows: Sequence[Row], fresh: Sequence[Row], columns: Sequence[str], output: Format) -> None:
    if output is Format.JSON:
        sys.stdout.writelines(map(json_text, fresh))
    elif output is Format.YAML:
        import yaml

        yaml.safe_dump_all(map(dict, fresh), sys.stdout, explicit_start=True, sort_keys=False)
    elif output.for_people and sys.stdout.isatty() and fresh:
        Console().clear()
        write_rows(rows, columns, output)
    elif fresh:
        write_rows(fresh, columns, output)
    sys.stdout.flush()
