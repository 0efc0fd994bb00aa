"""A command of a program, with those below it: name, usage, help, arguments and options. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """A command, and those below it."""

    name: str
    """With its program: `proctorctl sessions start`."""
    usage: str
    """What follows the name."""
    help: str
    epilog: str
    parameters: tuple[tuple[str, str], ...]
    """Arguments and options, as `--help` shows them, each with its line of help."""
    commands: tuple[Command, ...]

    @property
    def summary(self) -> str:
        """The first sentence of its help."""
        return self.help.partition("\n\n")[0].replace("\n", " ")

    @property
    def below(self) -> Iterator[Command]:
        """Every command below it, in the order of the help."""
        for one in self.commands:
            yield one
            yield from one.below
