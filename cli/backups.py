"""`proctorctl backup`: the coordinator's own program does it, on its machine, as its user.

A backup needs the database and the keys themselves, and a restore begins where nothing can be asked yet: no
request over the API could do either.
"""

from __future__ import annotations

import os
from typing import Final

import typer

from cli.programs import find_program

_HANDED_ON: Final = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def backup(context: typer.Context) -> None:
    """Make, list, verify and restore backups: on the coordinator's machine, as its user.

    Examples:

        proctorctl backup create --config /etc/proctor/coordinator.toml

        proctorctl backup list --config /etc/proctor/coordinator.toml

        proctorctl backup --help
    """
    program = find_program("proctor-coordinator")
    os.execv(program, [str(program), "backup", *context.args])


_alone = typer.Typer(add_completion=False)
_alone.command(context_settings=_HANDED_ON)(backup)
command: Final = typer.main.get_command(_alone)
