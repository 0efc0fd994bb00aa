"""Writes and reads where a program is in what it is told. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class FollowCursor:
    """A place in the order of one destination."""

    destination_id: UUID
    place: int

    def __str__(self) -> str:
        return f"{self.destination_id}.{self.place}"


def read_follow_cursor(text: str) -> FollowCursor:
    """A cursor from its text. Raises `ValueError`."""
    destination, _, place = text.partition(".")
    if not (place.isascii() and place.isdigit()) or len(place) > 18:
        raise ValueError("is no cursor")
    return FollowCursor(UUID(destination), int(place))
