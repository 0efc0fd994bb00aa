"""Matches known incidents to groups when a session's findings are regrouped. Pure.

Grouping depends only on the findings, but incidents have an id and a review from before. So an incident stays
with the group of its first finding, whatever else joins or leaves it. If several incidents are in one group
they are merged under the id of the one with the most advanced review, and the others point to it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.incidents import Span


@dataclass(frozen=True, slots=True)
class KnownIncident:
    """An incident from an earlier grouping."""

    incident_id: UUID
    """UUIDv7: a smaller one is older."""
    progress: int
    """The progress of its review; when incidents are merged, the most advanced keeps its id."""


@dataclass(frozen=True, slots=True)
class Placed:
    """One group and its incident."""

    incident_id: UUID | None
    """None: a new incident."""
    spans: tuple[Span, ...]
    absorbed: tuple[UUID, ...]
    """Incidents that were merged into this one."""


def place(
    groups: Sequence[Sequence[Span]], known: Iterable[KnownIncident], members: Mapping[UUID, UUID]
) -> list[Placed]:
    """Assign an incident to each group. `members` names the former incident of each finding that had one."""
    incidents = {one.incident_id: one for one in known}
    home: dict[UUID, int] = {}
    for index, group in enumerate(groups):
        for span in group:
            incident = members.get(span.alert_id)
            if incident in incidents:
                home.setdefault(incident, index)
    meeting: defaultdict[int, list[KnownIncident]] = defaultdict(list)
    for incident_id, index in home.items():
        meeting[index].append(incidents[incident_id])
    return [_placed(group, meeting[index]) for index, group in enumerate(groups)]


def _placed(group: Sequence[Span], meeting: list[KnownIncident]) -> Placed:
    if not meeting:
        return Placed(None, tuple(group), ())
    survivor = min(meeting, key=lambda one: (-one.progress, one.incident_id))
    absorbed = sorted(one.incident_id for one in meeting if one is not survivor)
    return Placed(survivor.incident_id, tuple(group), tuple(absorbed))
