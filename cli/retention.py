"""`proctorctl retention`: what is kept until when, what was erased, and erasing now."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Annotated, Any

import typer

from cli.connection import connect
from cli.render import Format, OutputOption, YesOption, ask_first, write_data, write_rows
from shared.api.retention import RetentionRunRequest

app = typer.Typer(no_args_is_help=True)

PERSONS_AT_ONCE = 100
_CLASSES = ("kept", "due", "held", "under_review", "later", "next_due_at")
_ITEMS = ("candidate_id", "exam_id", "kept", "due_at", "kept_back")
_DAYS = ("day", "kept", "things", "keys", "rows")
_ERASED = ("kept", "things", "keys", "rows")


@app.command()
def plan(
    at: Annotated[str, typer.Option(metavar="TIME", help="Plan for this instant instead of now.")] = "",
    items: Annotated[int, typer.Option(min=0, max=10_000, help="How many due items to list at most.")] = 0,
    output: OutputOption = Format.TABLE,
) -> None:
    """Show what is due, what is kept back and why, and what is due later. Erases nothing.

    Examples:

        proctorctl retention plan --items 50

        proctorctl retention plan --at 2027-12-31T00:00:00Z
    """
    with connect() as client:
        found = client.keeping.retention_plan(at, items).model_dump(mode="json")
    if not output.for_people:
        write_data(found, output)
        return
    write_rows(found["classes"], _CLASSES, output)
    if found["items"]:
        write_rows(found["items"], _ITEMS, output)


@app.command()
def run(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be erased.")] = False,
    yes: YesOption = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """Erase now what is due in your institution. It happens by itself every hour.

    Examples:

        proctorctl retention run --dry-run

        proctorctl retention run --yes
    """
    if dry_run:
        plan(output=output)
        return
    ask_first("Erase everything that is due?", yes)
    sums: dict[str, Counter[str]] = {}
    with connect() as client:
        more = True
        while more:
            done = client.keeping.run_retention(RetentionRunRequest(persons=PERSONS_AT_ONCE))
            for one in done.erased:
                counts = one.model_dump(exclude={"kept"})
                sums.setdefault(str(one.kept), Counter()).update(counts)
            more = done.more
            if more:
                sys.stderr.write(f"{sum(one['things'] for one in sums.values())} erased so far\n")
    rows: list[dict[str, Any]] = [{"kept": kept, **counts} for kept, counts in sums.items()]
    write_rows(rows, _ERASED, output)


@app.command()
def report(
    since: Annotated[str, typer.Option(metavar="DAY", help="From this day, such as 2026-11-01.")] = "",
    output: OutputOption = Format.TABLE,
) -> None:
    """Show what was erased, by day and class; by default in the last 30 days.

    Example:

        proctorctl retention report --since 2026-11-01
    """
    with connect() as client:
        found = client.keeping.retention_report(since).model_dump(mode="json")
    if output.for_people:
        write_rows(found["days"], _DAYS, output)
    else:
        write_data(found, output)
