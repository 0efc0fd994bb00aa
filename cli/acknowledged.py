"""The options that say that a candidate has acknowledged the notice outside of its page."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.calls import checked
from shared.api.exams import Acknowledged
from shared.errors import ConfigError

AcknowledgedOption = Annotated[
    str,
    typer.Option(metavar="VERSION", help="The candidate has acknowledged this version of your notice."),
]
OnPaperOption = Annotated[bool, typer.Option("--on-paper", help="It did so on paper.")]


def said(version: str, *, on_paper: bool) -> Acknowledged | None:
    """What a request says about it; None: nothing. Raises `ConfigError` for a paper without its version."""
    if not version:
        if on_paper:
            raise ConfigError("--on-paper needs --acknowledged with the version of the text that was signed")
        return None
    return checked(Acknowledged, text_version=version, on_paper=on_paper)
