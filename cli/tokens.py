"""`proctorctl tokens`: access tokens and the keys that sign them."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.calls import checked
from cli.connection import connect
from cli.render import Format, OutputOption, YesOption, ask_first, write_one, write_rows
from shared.api.tokens import TokenRequest
from shared.tokens import Role

app = typer.Typer(no_args_is_help=True)

_TOKENS = ("token_id", "subject", "role", "issued_by", "expires_at", "revoked_at", "key_id")
_KEYS = ("key_id", "status", "created_by", "created_at", "retired_at", "revoked_at")


@app.command("list")
def list_command(
    subject: Annotated[str, typer.Option(help="Only this subject's.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The most to list.")] = 100,
    output: OutputOption = Format.TABLE,
) -> None:
    """List tokens that have not expired, soonest to expire first. The tokens themselves are not stored.

    Example:

        proctorctl tokens list --subject exam-platform
    """
    with connect() as client:
        found = client.tokens.listed(subject, limit)
    write_rows([one.model_dump(mode="json") for one in found], _TOKENS, output)


@app.command()
def create(
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", help="A user, a service or a candidate_id.")],
    role: Annotated[Role, typer.Option(help="What the bearer may do.")],
    minutes: Annotated[int, typer.Option(min=1, max=1_440, help="Lifetime.")] = 60,
    output: OutputOption = Format.TABLE,
) -> None:
    """Create a token. It is shown only once.

    Example:

        proctorctl tokens create exam-platform --role system --minutes 600
    """
    request = checked(TokenRequest, subject=subject, role=role.value, lifetime_minutes=minutes)
    with connect() as client:
        write_one(client.tokens.create(request).model_dump(mode="json"), output)


@app.command()
def revoke(
    token: Annotated[str, typer.Argument(metavar="TOKEN-ID", help="The id from `tokens list`.")],
    yes: YesOption = False,
) -> None:
    """Revoke a token; it is refused everywhere within five seconds.

    Example:

        proctorctl tokens revoke 0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a69 --yes
    """
    ask_first(f"Revoke the token {token}?", yes)
    with connect() as client:
        client.tokens.revoke(token)


@app.command()
def keys(output: OutputOption = Format.TABLE) -> None:
    """List the keys that sign or have signed tokens.

    Example:

        proctorctl tokens keys
    """
    with connect() as client:
        write_rows([one.model_dump(mode="json") for one in client.tokens.signing_keys()], _KEYS, output)


@app.command()
def rotate(output: OutputOption = Format.TABLE) -> None:
    """Sign with a new key from now on; tokens of the former key stay valid until they expire.

    Example:

        proctorctl tokens rotate
    """
    with connect() as client:
        write_one(client.tokens.rotate_key().model_dump(mode="json"), output)


@app.command("revoke-key")
def revoke_key(
    key: Annotated[str, typer.Argument(metavar="KEY-ID", help="The id from `tokens keys`.")],
    yes: YesOption = False,
) -> None:
    """Revoke every token that a stolen key has signed, possibly including the one this command uses.

    Example:

        proctorctl tokens revoke-key 73b7470c08ded617 --yes
    """
    ask_first(f"Revoke every token that the key {key} has signed?", yes)
    with connect() as client:
        client.tokens.revoke_key(key)
