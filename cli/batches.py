"""Makes one call per row of a CSV file, shows progress, and writes the result of each row to a file.

The server says what is there already, so a run that broke off is run again, and nothing is made twice. The
file of results keeps what earlier runs have written about rows that were done.
"""

from __future__ import annotations

import csv
import io
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import typer

from shared.errors import ConfigError, ProctorError, Rejected
from shared.plain_text import plain
from shared.secret_file import replace_private
from shared.writing import writing_under

Row = dict[str, str]
EXISTS: Final = "exists"
REFUSED: Final = "refused"
WRITE_EVERY_ROWS: Final = 20
TRIES: Final = 5
"""Of a row for which the coordinator asks to wait."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What to call for each row, and how rows are named."""

    key: str
    """The column that names a row, here and in the file of results."""
    columns: tuple[str, ...]
    """Of the file of results, before `result` and `text`."""
    act: Callable[[Row], Row]
    """Does it for one row; returns its columns and its `result`, `EXISTS` if it was done before. Raises
    `Rejected`."""
    pause: Callable[[float], None] = time.sleep
    """Waits as many seconds as the coordinator asks for."""


def require_alone(*given: object) -> None:
    """Raises `BadParameter` if an option was given whose value comes from the file of --from."""
    if any(given):
        raise typer.BadParameter("--from brings candidates and exams; leave out what else names them")


def require_named(candidate: str, exam: str) -> None:
    """Raises `BadParameter` if candidate or exam is missing without --from."""
    if not (candidate and exam):
        raise typer.BadParameter("name CANDIDATE and EXAM, or a file with --from")


def read_rows(file: Path, needed: Sequence[str], exam: str = "") -> list[Row]:
    """The rows of a CSV file with a first line of names, also as spreadsheets write it. `exam` fills an empty
    `exam_id`. Raises `ConfigError` if a needed column or value is missing."""
    try:
        text = file.read_text("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file} is not UTF-8 text; save it as CSV UTF-8") from error
    first, _, _ = text.partition("\n")
    lines = csv.DictReader(io.StringIO(text, newline=""), delimiter=";" if ";" in first else ",")
    rows: list[Row] = []
    for line in lines:
        row = {name.strip(): (value or "").strip() for name, value in line.items() if isinstance(name, str)}
        row["exam_id"] = row.get("exam_id") or exam
        if missing := [name for name in needed if not row.get(name)]:
            raise ConfigError(f"{file}, line {lines.line_num}: no {' and no '.join(missing)}")
        rows.append(row)
    if not rows:
        raise ConfigError(f"{file} has no rows; its first line names the columns: {', '.join(needed)}")
    return rows


def run(rows: Sequence[Row], batch: Batch, results: Path) -> None:
    """Call `act` for each row. Exits with 1 if a row was refused, after all rows."""
    written = _earlier(results, batch.key)
    counts: dict[str, int] = {}
    try:
        for number, row in enumerate(rows, start=1):
            _tell(f"{number}/{len(rows)} {row['candidate_id']}")
            result = _result(row, batch)
            name, said = row[batch.key], result["result"]
            counts[said] = counts.get(said, 0) + 1
            if not (said == EXISTS and _done(written.get(name))):
                written[name] = result
            if number % WRITE_EVERY_ROWS == 0:
                _write(results, written.values(), batch)
    finally:
        _write(results, written.values(), batch)
        _tell("")
        counted = ", ".join(f"{count} {said}" for said, count in counts.items())
        sys.stderr.write(
            f"{sum(counts.values())} of {len(rows)} rows: {counted or 'none done'}; see {results}\n"
        )
    if REFUSED in counts:
        raise typer.Exit(1)


def results_beside(source: Path) -> Path:
    """The path of the results: beside the source."""
    return source.absolute().with_suffix(".results.csv")


def _done(written: Row | None) -> bool:
    return written is not None and written["result"] != REFUSED


def _result(row: Row, batch: Batch) -> Row:
    for tried in range(1, TRIES + 1):
        try:
            return batch.act(row)
        except Rejected as refusal:
            if refusal.retry_after_s is None or tried == TRIES:
                return _refused(row, refusal)
            batch.pause(refusal.retry_after_s)
        except ConfigError as error:
            return _refused(row, error)
    raise AssertionError


def _refused(row: Row, error: ProctorError) -> Row:
    return {**row, "result": REFUSED, "text": plain(" ".join(str(error).split()))}


def _earlier(results: Path, key: str) -> dict[str, Row]:
    """The results of rows that earlier runs completed."""
    if not results.exists():
        return {}
    rows = read_rows(results, (key, "result")) if results.read_text("utf-8").count("\n") > 1 else []
    return {row[key]: row for row in rows if row["result"] != REFUSED}


def _write(results: Path, rows: Iterable[Mapping[str, str]], batch: Batch) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(
        text, (*batch.columns, "result", "text"), extrasaction="ignore", lineterminator="\n"
    )
    writer.writeheader()
    writer.writerows(rows)
    with writing_under(results):
        replace_private(results, text.getvalue().encode("ascii", "backslashreplace").decode())


def _tell(progress: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{plain(progress)}")
        sys.stderr.flush()
