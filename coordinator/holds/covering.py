"""What legal holds keep. Pure.

A hold on a person keeps everything of that person, one on an exam everything of everybody who sat it or was
enrolled for it. One on an incident keeps what its candidate left in that exam, and the enrolled face.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.holds import HeldThing


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """One legal hold; what does not define its thing is None."""

    id: UUID
    thing: HeldThing
    candidate_id: UUID | None = None
    """Of a person or an incident."""
    exam_reference: str | None = None
    """Of an exam or an incident."""
    incident_id: UUID | None = None
    held_by: str
    held_utc: datetime
    until_utc: datetime | None = None
    """None: until somebody releases it."""
    released_utc: datetime | None = None


def in_force(hold: Hold, now_utc: datetime) -> bool:
    """Whether a hold still keeps something."""
    return hold.released_utc is None and (hold.until_utc is None or now_utc < hold.until_utc)


def held(
    holds: Iterable[Hold], candidate_id: UUID, exams: Collection[str], now_utc: datetime
) -> tuple[Hold, ...]:
    """The holds in force that keep something of this person in one of these exams; the person's own holds
    whatever the exams."""
    return tuple(one for one in holds if in_force(one, now_utc) and _covers(one, candidate_id, exams))


def _covers(hold: Hold, candidate_id: UUID, exams: Collection[str]) -> bool:
    if hold.candidate_id not in (None, candidate_id):
        return False
    return hold.exam_reference is None or hold.exam_reference in exams
