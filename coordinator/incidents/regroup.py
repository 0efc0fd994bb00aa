"""What becomes of known incidents when a session's findings are grouped anew. Pure.

Grouping depends on the findings alone; identity and review have a past. So: an incident stays with the group
that holds its first finding, whatever else joins or leaves it. Where several meet in one group they become
one, under the id of whichever review has come furthest, and the others point to it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.incidents import Span


@dataclass(frozen=True, slots=True)
class Known:
    """An incident as it was grouped before."""

    incident_id: UUID
    """UUIDv7: a smaller one is older."""
    progress: int
    """How far its review has come; the furthest keeps its id when incidents meet."""


@dataclass(frozen=True, slots=True)
class Placed:
    """One group and the incident it is."""

    incident_id: UUID | None
    """None: a new one."""
    spans: tuple[Span, ...]
    absorbed: tuple[UUID, ...]
    """Incidents that have become part of this one."""


def place(
    groups: Sequence[Sequence[Span]], known: Iterable[Known], members: Mapping[UUID, UUID]
) -> list[Placed]:
    """Give each group its incident. `members` names the incident of each finding that had one before."""
    incidents = {one.incident_id: one for one in known}
    home: dict[UUID, int] = {}
    for index, group in enumerate(groups):
        for span in group:
            incident = members.get(span.alert_id)
            if incident in incidents:
                home.setdefault(incident, index)
    meeting: defaultdict[int, list[Known]] = defaultdict(list)
    for incident_id, index in home.items():
        meeting[index].append(incidents[incident_id])
    return [_placed(group, meeting[index]) for index, group in enumerate(groups)]


def _placed(group: Sequence[Span], meeting: list[Known]) -> Placed:
    if not meeting:
        return Placed(None, tuple(group), ())
    survivor = min(meeting, key=lambda one: (-one.progress, one.incident_id))
    absorbed = sorted(one.incident_id for one in meeting if one is not survivor)
    return Placed(survivor.incident_id, tuple(group), tuple(absorbed))
