"""`proctor-edge accuracy`: measures the accuracy of the analysis on a folder of labelled material."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress as Bar, TextColumn, TimeElapsedColumn

from edge.accuracy.folder import Material, read_folder
from edge.accuracy.measuring import Measuring, Progress
from edge.accuracy.report import accuracy_html, print_tables
from edge.accuracy.results import Accuracy
from edge.accuracy.selection import Selection
from models.store import Store
from shared.errors import ProctorError
from shared.writing import writing_under

PAGE = "accuracy.html"


def accuracy(
    media: Annotated[Path, typer.Argument(metavar="MEDIA", help="The folder of labelled material.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for accuracy.html.")] = Path("accuracy"),
    profile: Annotated[
        list[Selection] | None,
        typer.Option(help="Networks to test; may be repeated. registry: from package registries only."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed to choose from too many pictures.")] = 1,
) -> None:
    """Measure the accuracy of the analysis on labelled recordings, pictures and sounds.

    Prints tables and writes one self-contained page. MEDIA has any of these parts:
    people/NAME/*.jpg, honest/EXAM.mkv, scripted/EXAM.mkv with EXAM.json, counted/counts.csv, heads/heads.csv,
    sounds/*.flac with .rttm, voices/NAME/*.flac, groups.csv (name,group). Pictures beside a recording in a
    folder of its name enroll its candidate.

    Examples:

        proctor-edge accuracy labelled --out build/accuracy --profile open --profile registry
    """
    console = Console(stderr=True)
    selections = tuple(dict.fromkeys(profile or [Selection.OPEN]))
    try:
        material = read_folder(media)
        with writing_under(out):
            out.mkdir(parents=True, exist_ok=True)
        measuring = partial(Measuring, Store.here(), selections, seed)
        measured = _measured(measuring, media, material, console)
        with writing_under(out):
            part = out / f"{PAGE}.part"
            part.write_text(accuracy_html(measured), "utf-8")
            part.replace(out / PAGE)
    except ProctorError as error:
        console.print(f"[bold red]error:[/] {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(2) from error
    print_tables(measured, Console())
    console.print(f"page: {escape(str(out / PAGE))}", soft_wrap=True)


def _measured(
    measuring: Callable[[Progress], Measuring], media: Path, material: Material, console: Console
) -> Accuracy:
    """Measure the material, with a progress bar."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)

        def progress(what: str, done: float, of: float) -> None:
            bar.update(task, description=escape(what), completed=done, total=of or None)

        return measuring(progress).all(media, material)
