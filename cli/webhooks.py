"""`proctorctl webhooks`: systems of the institution that are told alerts and verdicts by signed requests."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.calls import checked
from cli.connection import connect
from cli.destination_making import make_webhook
from cli.destination_options import (
    ClassOption,
    DestinationName,
    DetailOption,
    EventOption,
    KindOption,
    filter_of,
    id_of,
)
from cli.render import Format, OutputOption, YesOption, ask_first, write_one
from shared.api.destinations import MAX_OVERLAP_HOURS, SecretRequest, WebhookRequest

app = typer.Typer(no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name for people.")],
    url: Annotated[str, typer.Argument(metavar="URL", help="https://…")],
    kind: KindOption = None,
    event_class: ClassOption = None,
    event: EventOption = None,
    detail: DetailOption = None,
    output: OutputOption = Format.TABLE,
) -> None:
    """Create a webhook. Its secret is shown only once; give it to the receiver.

    By default everything is told, without pictures and names.

    Example:

        proctorctl webhooks create office https://exams.example.org/hooks --class conduct --class identity
    """
    wanted = filter_of(kind, event_class, event, detail)
    make_webhook(checked(WebhookRequest, name=name, url=url, filter=wanted), output)


@app.command("rotate-secret")
def rotate_secret(
    destination: DestinationName,
    overlap_hours: Annotated[
        int, typer.Option(min=0, max=MAX_OVERLAP_HOURS, help="How long the former secret signs as well.")
    ] = 24,
    yes: YesOption = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """Make a new secret, shown only once. For a while the former one signs as well.

    Example:

        proctorctl webhooks rotate-secret office --overlap-hours 48 --yes
    """
    ask_first(f"Make a new secret for {destination}?", yes)
    request = checked(SecretRequest, overlap_hours=overlap_hours)
    with connect() as client:
        made = client.deliveries.rotate_webhook_secret(id_of(client, destination), request)
    write_one(made.model_dump(mode="json"), output)
