"""How many sessions this host carries: a measured rating, what it is true for, and what is admitted. Pure."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from shared.fields import Name, Utc
from shared.messages.message import Message

MOST_SESSIONS: Final = 500


class Conditions(Message):
    """All that a rating depends on: with anything else here, it says nothing."""

    machine: Annotated[str, Field(max_length=300)]
    """Kind and number of processors, and the memory."""
    device: Annotated[str, Field(max_length=300)]
    """The devices that the networks were verified on."""
    level: Annotated[int, Field(ge=0, le=4)]
    """The best degradation level."""
    workers: Annotated[int, Field(ge=0, le=64)]
    threads: Annotated[int, Field(ge=1, le=64)]
    models: dict[str, Name]
    """The network of each task, as `name@version`."""


class Rating(Message):
    """The most sessions that were watched without delay, loss or overload."""

    sessions: Annotated[int, Field(ge=1, le=MOST_SESSIONS)]
    measured_utc: Utc
    conditions: Conditions


def objection(rating: Rating, here: Conditions) -> str | None:
    """Why a rating is not believed here; None if it is."""
    measured = rating.conditions
    differing = [name for name in Conditions.model_fields if getattr(measured, name) != getattr(here, name)]
    if not differing:
        return None
    return "it was measured with other values of: " + ", ".join(differing)


def admitted(rating: Rating | None, ceiling: int | None, room: int | None, *, unrated: int) -> int:
    """The most sessions of this host. `rating`: one that is believed; `ceiling`: the configuration's number,
    which is never exceeded; `unrated`: the number without both; `room`: how many have ports for their media,
    which says nothing of what the host carries."""
    measured = None if rating is None else rating.sessions
    carried = min((number for number in (measured, ceiling) if number is not None), default=unrated)
    return carried if room is None else min(carried, room)
