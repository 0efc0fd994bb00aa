"""`proctorctl nodes`: the fleet's edge nodes, for operators: let them join, list them, revoke them."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.calls import checked
from cli.connection import connect
from cli.render import Format, OutputOption, YesOption, ask_first, write_one, write_rows
from shared.api.memberships import JoinTokenRequest

app = typer.Typer(help="The fleet's edge nodes, for operators.", no_args_is_help=True)

_NODES = ("node_id", "name", "region", "status", "sessions", "rating", "revoked_at")
_CERTIFICATES = ("serial", "node_id", "name", "ends_at", "revoked_at")


@app.command()
def token(
    region: Annotated[str, typer.Option(help="The region of the node that will join.")],
    name: Annotated[str, typer.Option(help="What people call the node.")] = "",
    output: OutputOption = Format.TABLE,
) -> None:
    """Make a token with which one node joins, once, within 15 minutes. It is shown only once.

    On the node, write it to a file of mode 0600 and run `proctor-edge join URL --token-file FILE --data DIR`.

    Example:

        proctorctl nodes token --region eu-west --name "hall 3"
    """
    request = checked(JoinTokenRequest, region=region, name=name or None)
    with connect() as client:
        write_one(client.create_join_token(request).model_dump(mode="json"), output)


@app.command("list")
def list_command(output: OutputOption = Format.TABLE) -> None:
    """List the nodes by region, also revoked ones.

    Example:

        proctorctl nodes list
    """
    with connect() as client:
        found = client.nodes()
    write_rows([one.model_dump(mode="json") for one in found], _NODES, output)


@app.command()
def certificates(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The most to list.")] = 100,
    output: OutputOption = Format.TABLE,
) -> None:
    """List the nodes' certificates, soonest to end first; those that ended are listed for 30 more days.

    Example:

        proctorctl nodes certificates
    """
    with connect() as client:
        found = client.node_certificates(limit)
    write_rows([one.model_dump(mode="json") for one in found], _CERTIFICATES, output)


@app.command()
def revoke(
    node: Annotated[str, typer.Argument(metavar="NODE-ID", help="The id from `nodes list`.")],
    yes: YesOption = False,
) -> None:
    """Revoke a node for ever: its messages are refused, and it gets no session, certificate or command.

    What it reports of its running sessions is refused too.

    Example:

        proctorctl nodes revoke 3f1d2c4b-5a69-4c4e-9b6e-0193a5f05a00 --yes
    """
    ask_first(f"Revoke the node {node}?", yes)
    with connect() as client:
        client.revoke_node(node)
