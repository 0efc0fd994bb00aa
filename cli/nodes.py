"""`proctorctl nodes`: the fleet's edge nodes, for operators: let them join, look at them, drain, revoke."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from cli import node_settings
from cli.calls import checked
from cli.connection import connect
from cli.draining import Progress, parse_duration, progress_of, wait_until_empty
from cli.node_text import BRIEF_COLUMNS, brief, lines_of
from cli.render import Format, OutputOption, YesOption, ask_first, write_lines, write_one, write_rows
from cli.watching import show_rows
from cli.whole_ids import require_whole
from shared.api.memberships import JoinTokenRequest
from shared.api.nodes import DrainRequest, NodeOut, PlacementRequest

app = typer.Typer(no_args_is_help=True)

NodeId = Annotated[str, typer.Argument(metavar="NODE-ID", help="The id from `nodes list`, or its beginning.")]
ReasonOption = Annotated[str, typer.Option(help="Why; shown to whoever looks at the node.")]

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
        write_one(client.memberships.create_token(request).model_dump(mode="json"), output)


@app.command("list")
def list_command(output: OutputOption = Format.TABLE) -> None:
    """List the nodes by region with their states, also revoked ones. `load`: sessions of how many places.

    Example:

        proctorctl nodes list
    """
    with connect() as client:
        found = client.fleet.nodes()
    rows = [brief(one) for one in found] if output.for_people else found
    write_rows([one.model_dump(mode="json") for one in rows], BRIEF_COLUMNS, output)


@app.command()
def show(node: NodeId, output: OutputOption = Format.TABLE) -> None:
    """Show one node: its state, why, what to do, its load, versions, clock, certificate and disk.

    Example:

        proctorctl nodes show 3f1d2c4b-5a69-4c4e-9b6e-0193a5f05a00
    """
    with connect() as client:
        _write(client.fleet.node(node), output)


@app.command()
def watch(output: OutputOption = Format.TABLE) -> None:
    """List the nodes and keep running; print each that changes, until Ctrl-C. As JSON, one line for each.

    Example:

        proctorctl nodes watch
    """
    with connect() as client:
        show_rows(lambda: map(brief, client.fleet.nodes()), BRIEF_COLUMNS, output, watch=True)


@app.command()
def cordon(node: NodeId, reason: ReasonOption = "", output: OutputOption = Format.TABLE) -> None:
    """Give a node no new sessions. Those that it has go on.

    Example:

        proctorctl nodes cordon 3f1d2c4b-5a69-4c4e-9b6e-0193a5f05a00 --reason "its fan is loud"
    """
    with connect() as client:
        _write(client.fleet.cordon(node, checked(PlacementRequest, reason=reason or None)), output)


@app.command()
def uncordon(node: NodeId, reason: ReasonOption = "", output: OutputOption = Format.TABLE) -> None:
    """Give a cordoned or draining node new sessions again.

    Example:

        proctorctl nodes uncordon 3f1d2c4b-5a69-4c4e-9b6e-0193a5f05a00
    """
    with connect() as client:
        _write(client.fleet.uncordon(node, checked(PlacementRequest, reason=reason or None)), output)


@app.command()
def drain(
    node: NodeId,
    reason: ReasonOption = "",
    deadline: Annotated[
        str, typer.Option(metavar="TIME", help="By when it is to be empty, from now: 90s, 30m, 2h.")
    ] = "",
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until it is empty, or until the deadline.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Move running exams to other nodes now; each loses seconds."),
    ] = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """Give a node no new sessions until it is empty.

    Sessions whose exam has not begun move to other nodes. Running exams go on until they end, or move with
    --force. What no other node takes stays.

    With --wait, what is left is printed whenever it changes. Exits with 0 when the node is empty, with 1 when
    the deadline has passed before, or when somebody has ended the drain. The node stays closed until
    `nodes uncordon`. Stopping the command with Ctrl-C does not end the drain.

    Example:

        proctorctl nodes drain 3f1d2c4b-5a69-4c4e-9b6e-0193a5f05a00 --wait --deadline 2h
        proctorctl nodes drain 3f1d2c4b-5a69-4c4e-9b6e-0193a5f05a00 --wait --force
    """
    by = datetime.now(UTC) + parse_duration(deadline) if deadline else None
    request = checked(DrainRequest, reason=reason or None, deadline_at=by, move_running=force)
    with connect() as client:
        found = client.fleet.drain(node, request)
        if wait:
            found = wait_until_empty(lambda: client.fleet.node(node))
    _write(found, output)
    if wait and progress_of(found) is not Progress.EMPTY:
        raise typer.Exit(1)


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
        found = client.memberships.certificates(limit)
    write_rows([one.model_dump(mode="json") for one in found], _CERTIFICATES, output)


@app.command()
def revoke(node: NodeId, yes: YesOption = False) -> None:
    """Revoke a node for ever: its messages are refused, and it gets no session, certificate or command.

    What it reports of its running sessions is refused too.

    Example:

        proctorctl nodes revoke 3f1d2c4b-5a69-4c4e-9b6e-0193a5f05a00 --yes
    """
    with connect() as client:
        whole = client.ids.node(node)
        require_whole(node.lower(), whole, yes=yes)
        ask_first(f"Revoke the node {whole}?", yes)
        client.memberships.revoke(whole)


app.command()(node_settings.config)
app.command()(node_settings.apply)


def _write(node: NodeOut, output: Format) -> None:
    if output.for_people:
        write_lines(lines_of(node, datetime.now(UTC)))
    else:
        write_one(node.model_dump(mode="json"), output)
