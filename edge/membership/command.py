"""`proctor-edge join`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from edge.config import EdgeConfig
from edge.membership.joining import join
from edge.membership.settings import Joined, settings_text
from shared.authorities import authorities_text, read_authorities
from shared.config_file import load
from shared.errors import ConfigError, Corrupt, ProctorError
from shared.join_tokens import JoinToken, parse_join_token
from shared.secret_file import read_secret
from shared.writing import writing_under

_STANDARD_INPUT: Final = "-"


def join_fleet(
    url: Annotated[str, typer.Argument(help="The coordinator, https://…; http:// only on this machine.")],
    token_file: Annotated[
        str,
        typer.Option(metavar="FILE", help="The join token, mode 0600; - reads it from standard input."),
    ],
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="The node's data folder.")],
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", metavar="FILE", help="Write the daemon's settings there, if there is no such file."
        ),
    ] = None,
    ca_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The CA of the coordinator's certificate, if it is no public one."),
    ] = None,
) -> None:
    """Join a coordinator's fleet with a token of `proctorctl nodes token`.

    The node first checks that this is the coordinator that made the token, by the fingerprint in it, and only
    then sends anything. Its private keys never leave it. The token is not accepted on the command line, which
    all users of a machine can read. Prints the node's id and region as JSON.

    Example:

        proctor-edge join https://proctor.example.org --token-file token --data /var/lib/proctor/edge
    """
    try:
        joined = join(url, _token(token_file), data.resolve(), _authorities(ca_file))
        typer.echo(json.dumps({"node_id": str(joined.node_id), "region": joined.region}))
        if config is not None:
            _write_settings(config, joined)
    except ProctorError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error


def _authorities(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        return authorities_text(read_authorities(path.read_text("ascii", "replace")))
    except (OSError, Corrupt) as error:
        raise ConfigError(f"{path} has no certificates of a CA: {error}") from error


def _token(file: str) -> JoinToken:
    text = sys.stdin.readline() if file == _STANDARD_INPUT else read_secret(Path(file))
    return parse_join_token(text)


def _write_settings(path: Path, joined: Joined) -> None:
    try:
        with (
            writing_under(path),
            os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "w") as file,
        ):
            file.write(settings_text(joined))
    except ConfigError as error:
        if not isinstance(error.__cause__, FileExistsError):
            raise
        typer.echo(f"{path} is there already and stays; it must have:\n\n{settings_text(joined)}", err=True)
    load(path, EdgeConfig)
    if joined.by_password:
        typer.echo(f"write the node's password for the hub to {joined.password_file}, mode 0600", err=True)
