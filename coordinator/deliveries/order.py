"""Decides in which order deliveries are sent: one lane per session, in order within it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar
from uuid import UUID

from coordinator.deliveries.schedule import Tried


class InLane(Protocol):
    """A delivery, as far as the order asks."""

    @property
    def sequence(self) -> int: ...
    @property
    def session_id(self) -> UUID: ...
    @property
    def tried(self) -> Tried: ...


P = TypeVar("P", bound=InLane)


def lanes(parcels: Sequence[P]) -> list[list[P]]:
    """The deliveries of each session in their order; sessions whose first one failed least come first, so
    that one message that is refused again and again does not keep the others waiting."""
    found: dict[UUID, list[P]] = {}
    for parcel in sorted(parcels, key=lambda one: one.sequence):
        found.setdefault(parcel.session_id, []).append(parcel)
    return sorted(found.values(), key=lambda lane: (lane[0].tried.attempts, lane[0].sequence))
