"""Versions of networks in orders and heartbeats: which are to look, which are at hand, how far two agree.

A version is a network of the manifest, as name@version. A node's own are those that it opened at its start.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import Field

from shared.fields import Name
from shared.messages.desired import Label
from shared.messages.message import Message

MOST_AT_HAND: Final = 128
MOST_EVENTS: Final = 64
"""More than there are events."""
MOST_COMPARING: Final = 64
"""The most sessions of one node that compare two versions at a time, so that a heartbeat can name them."""

Versions = Annotated[dict[Name, Label], Field(max_length=16)]
"""The version that is to look, by the manifest's task; more than there are tasks."""
AtHand = Annotated[dict[Label, Name], Field(max_length=MOST_AT_HAND)]
"""Versions whose weights are present and whole, each with its task."""
Count = Annotated[int, Field(ge=0, le=2**31 - 1)]


class Tally(Message):
    """Findings of one event: of both versions, or of only one of them."""

    both: Count = 0
    only_old: Count = 0
    only_new: Count = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            both=self.both + other.both,
            only_old=self.only_old + other.only_old,
            only_new=self.only_new + other.only_new,
        )


Tallies = Annotated[dict[Name, Tally], Field(max_length=MOST_EVENTS)]
"""By event; those that nobody found are missing."""


def together(one: Mapping[str, Tally], other: Mapping[str, Tally]) -> dict[str, Tally]:
    """What was counted in both."""
    events = sorted({*one, *other})
    return {event: one.get(event, Tally()) + other.get(event, Tally()) for event in events}
