"""A program's manual says what the program accepts, and no text of it becomes a request to `man`."""

from __future__ import annotations

from typing import Annotated

import typer
from typer.main import get_command

from shared.manual.commands import Command
from shared.manual.markdown import manual_page
from shared.manual.roff import man_page
from shared.manual.tree import read

program = typer.Typer(help="Weighs fruit.", epilog="Exit codes: 0 done.", add_completion=False)
baskets = typer.Typer(help="Whole baskets.")
program.add_typer(baskets, name="baskets")


@program.command()
def weigh(
    fruit: Annotated[str, typer.Argument(metavar="FRUIT", help="What lies on it.")],
    unit: Annotated[str, typer.Option("--unit", "-u", help="g|kg, as on “the” scale.")] = "g",
) -> None:
    """Weigh one.

    .dot and 'quote begin lines, <this> is no tag, and \\back too.

    Example:

        fruit weigh apple -u kg
    """


@program.command(hidden=True)
def secretly() -> None:
    """Nobody reads of it."""


@baskets.command("count")
def count_baskets() -> None:
    """Count them."""


def tree() -> Command:
    return read(typer.Context(get_command(program), info_name="fruit"))


def test_the_tree_has_every_command_that_is_shown_with_what_it_takes() -> None:
    found = {one.name: one for one in tree().below}
    assert list(found) == ["fruit weigh", "fruit baskets", "fruit baskets count"]
    assert found["fruit weigh"].usage == "[OPTIONS] FRUIT"
    assert found["fruit weigh"].summary == "Weigh one."
    assert [names for names, _ in found["fruit weigh"].parameters] == ["FRUIT <str>", "-u, --unit <str>"]


def test_the_page_for_man_has_every_command_and_no_text_is_a_request() -> None:
    lines = man_page(tree(), "Fruit 1").splitlines()
    assert lines[0] == '.TH "FRUIT" 1 "" "Fruit 1" "Proctor Edge"'
    assert [line for line in lines if line.startswith(".SS")] == [
        '.SS "fruit weigh [OPTIONS] FRUIT"',
        '.SS "fruit baskets [OPTIONS] COMMAND [ARGS]..."',
        '.SS "fruit baskets count [OPTIONS]"',
    ]
    begun = {line.split()[0] for line in lines if line[:1] in (".", "'")}
    assert begun == {".TH", ".ad", ".SH", ".SS", ".PP", ".TP", ".RS", ".RE", ".nf", ".fi"}
    assert "\\&.dot and 'quote begin lines, <this> is no tag, and \\eback too." in lines
    assert "g|kg, as on \\[u201C]the\\[u201D] scale.  [default: g]".replace("  ", " ") in lines
    assert lines[lines.index("fruit weigh apple \\-u kg") - 1] == ".nf"
    assert all(line.isascii() for line in lines)


def test_the_page_of_the_site_has_every_command_and_no_text_is_markup() -> None:
    page = manual_page(tree())
    assert [line for line in page.splitlines() if line.startswith("#")] == [
        "# fruit",
        "## fruit weigh",
        "## fruit baskets",
        "### fruit baskets count",
    ]
    assert "&lt;this> is no tag" in page
    assert "\n    fruit weigh apple -u kg\n" in page
    assert "| `-u, --unit <str>` | g\\|kg, as on “the” scale. [default: g] |" in page
