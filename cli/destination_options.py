"""What commands about destinations have in common: their options, filters and names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import typer

from cli.calls import checked
from cli.client import Client
from shared.api.destinations import DestinationFilter
from shared.deliveries import DeliveryDetail, DeliveryKind
from shared.errors import Rejected
from shared.events.types import EventClass, EventType

DestinationName = Annotated[str, typer.Argument(metavar="DESTINATION", help="The destination's name or id.")]
KindOption = Annotated[
    list[DeliveryKind] | None, typer.Option("--kind", help="Tell only this; may be repeated.")
]
ClassOption = Annotated[
    list[EventClass] | None, typer.Option("--class", help="Only alerts of this class; may be repeated.")
]
EventOption = Annotated[
    list[EventType] | None, typer.Option("--event", help="Only alerts of this event; may be repeated.")
]
DetailOption = Annotated[
    list[DeliveryDetail] | None,
    typer.Option("--detail", help="This detail and no other that is not named; may be repeated."),
]


def filter_of(
    kinds: Sequence[DeliveryKind] | None,
    classes: Sequence[EventClass] | None,
    events: Sequence[EventType] | None,
    details: Sequence[DeliveryDetail] | None,
) -> DestinationFilter:
    """What a person named; the rest is as for a new destination."""
    named: dict[str, Any] = {
        "kinds": kinds,
        "event_classes": classes,
        "event_types": events,
        "details": details,
    }
    return checked(DestinationFilter, **{name: value for name, value in named.items() if value})


def id_of(client: Client, destination: str) -> str:
    """The id of the destination with this name or id. Raises `Rejected` if none or several have the name."""
    try:
        return str(UUID(destination))
    except ValueError:
        found = [one.destination_id for one in client.deliveries.destinations() if one.name == destination]
    if len(found) != 1:
        many = "several destinations are" if found else "there is no destination"
        raise Rejected(
            f"{many} named {destination}; see `proctorctl destinations list`",
            code="destination-unknown",
            status=404,
        )
    return found[0]
