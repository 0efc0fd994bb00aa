"""`proctorctl destinations`: how deliveries to the institution's systems are doing, and what to do."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

import typer

from cli import destination_making
from cli.calls import checked
from cli.connection import connect
from cli.destination_options import (
    ClassOption,
    DestinationName,
    DetailOption,
    EventOption,
    KindOption,
    filter_of,
    id_of,
)
from cli.render import Format, OutputOption, YesOption, ask_first, write_one, write_rows
from shared.api.destinations import DeliveryReplayRequest

app = typer.Typer(no_args_is_help=True)

MAX_LETTERS: Final = 10_000
_COLUMNS = (
    "destination_id",
    "kind",
    "name",
    "url",
    "paused_at",
    "failures",
    "last_error",
    "waiting",
    "dead_letters",
)
_LETTERS = ("delivery_id", "kind", "event_type", "exam_session_id", "attempts", "reason", "dead_at")


@app.command("list")
def list_command(output: OutputOption = Format.TABLE) -> None:
    """List destinations, and what waits for each.

    Example:

        proctorctl destinations list
    """
    with connect() as client:
        write_rows(
            [one.model_dump(mode="json") for one in client.deliveries.destinations()], _COLUMNS, output
        )


@app.command()
def show(destination: DestinationName, output: OutputOption = Format.TABLE) -> None:
    """Show a destination: what may leave to it, what waits, why the last try failed.

    Example:

        proctorctl destinations show office
    """
    with connect() as client:
        found = client.deliveries.destination(id_of(client, destination))
    write_one(found.model_dump(mode="json"), output)


@app.command("filter")
def filter_command(
    destination: DestinationName,
    kind: KindOption = None,
    event_class: ClassOption = None,
    event: EventOption = None,
    detail: DetailOption = None,
    output: OutputOption = Format.TABLE,
) -> None:
    """Set what may leave to a destination. What is not named is as for a new one.

    Example:

        proctorctl destinations filter office --kind verdict.given --detail candidate
    """
    wanted = filter_of(kind, event_class, event, detail)
    with connect() as client:
        found = client.deliveries.set_filter(id_of(client, destination), wanted)
    write_one(found.model_dump(mode="json"), output)


@app.command("test")
def send_test(destination: DestinationName, output: OutputOption = Format.TABLE) -> None:
    """Send a test message now. Exits with 1 if it is not delivered.

    Example:

        proctorctl destinations test office
    """
    with connect() as client:
        told = client.deliveries.test(id_of(client, destination))
    write_one(told.model_dump(mode="json"), output)
    if not told.delivered:
        raise typer.Exit(1)


@app.command()
def pause(destination: DestinationName, output: OutputOption = Format.TABLE) -> None:
    """Send nothing for now; what is to be told waits.

    Example:

        proctorctl destinations pause office
    """
    with connect() as client:
        found = client.deliveries.steer(id_of(client, destination), "pause")
    write_one(found.model_dump(mode="json"), output)


@app.command()
def resume(destination: DestinationName, output: OutputOption = Format.TABLE) -> None:
    """Send again, at once. Also ends the wait after failures.

    Example:

        proctorctl destinations resume office
    """
    with connect() as client:
        found = client.deliveries.steer(id_of(client, destination), "resume")
    write_one(found.model_dump(mode="json"), output)


@app.command()
def remove(destination: DestinationName, yes: YesOption = False) -> None:
    """Remove a destination. What waits for it is not sent any more.

    Example:

        proctorctl destinations remove office --yes
    """
    ask_first(f"Remove {destination}?", yes)
    with connect() as client:
        client.deliveries.remove(id_of(client, destination))


@app.command()
def replay(
    destination: DestinationName,
    since: Annotated[
        str, typer.Option(help="Everything since this time, such as 2026-11-22T14:00:00Z.")
    ] = "",
    delivery: Annotated[
        list[UUID] | None, typer.Option(help="This dead letter; may be repeated. Without any: all of them.")
    ] = None,
    output: OutputOption = Format.TABLE,
) -> None:
    """Send again what was already told since a time, or what was given up.

    Examples:

        proctorctl destinations replay office

        proctorctl destinations replay office --since 2026-11-22T14:00:00Z
    """
    request = checked(DeliveryReplayRequest, since=since or None, delivery_ids=delivery or None)
    with connect() as client:
        done = client.deliveries.replay(id_of(client, destination), request)
    write_one(done.model_dump(mode="json"), output)


@app.command("dead-letters")
def dead_letters(
    destination: DestinationName,
    limit: Annotated[int, typer.Option(min=1, max=MAX_LETTERS, help="The most to list.")] = 100,
    output: OutputOption = Format.TABLE,
) -> None:
    """List deliveries that were given up, oldest first.

    Example:

        proctorctl destinations dead-letters office
    """
    with connect() as client:
        found = client.deliveries.dead_letters(id_of(client, destination), limit)
    write_rows([one.model_dump(mode="json") for one in found], _LETTERS, output)


app.command()(destination_making.create)
app.command()(destination_making.rotate_certificate)
