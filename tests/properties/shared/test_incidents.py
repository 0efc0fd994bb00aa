"""Grouping does not depend on the order of arrival."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from uuid import UUID

from hypothesis import given, settings, strategies as st

from shared.alerts import Alert
from shared.events.types import EventType
from shared.incidents import LONGEST_S, WITHIN_S, group
from tests.support.lasting import LATER, TECHNICAL, found

WITHIN, LONGEST = timedelta(seconds=WITHIN_S), timedelta(seconds=LONGEST_S)
CONDUCT = [EventType.FACE_NOT_FOUND, EventType.VOICE_DETECTED, EventType.FACE_MISMATCH, EventType.LEFT_FRAME]


seconds = st.integers(0, 120)
kinds = st.sampled_from([*CONDUCT, *TECHNICAL])
many = st.lists(
    st.builds(found, kinds, seconds, st.none() | st.integers(1, 30), st.sampled_from([0.2, 0.5, 0.9])),
    max_size=10,
    unique_by=lambda each: each.event_id,
)


@settings(deadline=None, max_examples=40)
@given(many, st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing(alerts: list[Alert], chance: object) -> None:
    shuffled = list(alerts)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert group(shuffled, LATER) == group(alerts, LATER)


@settings(deadline=None, max_examples=40)
@given(many)
def test_every_finding_is_in_exactly_one_incident_and_incidents_lie_apart(alerts: list[Alert]) -> None:
    incidents = group(alerts, LATER)
    wanted = {a.event_id for a in alerts if a.event_type in CONDUCT}
    listed: list[UUID] = [one for incident in incidents for one in incident.alerts]
    assert sorted(listed) == sorted(wanted)
    onsets = {alert.event_id: alert.onset for alert in alerts}
    for incident in incidents:
        assert max(onsets[one] for one in incident.alerts) <= incident.begins + LONGEST
    for earlier, later in pairwise(incidents):
        apart = earlier.ends is not None and later.begins - earlier.ends > WITHIN
        assert apart or later.begins > earlier.begins + LONGEST
    assert all(
        incident.severity == max(a.severity_score for a in alerts if a.event_id in incident.alerts)
        for incident in incidents
    )


@settings(deadline=None, max_examples=40)
@given(many, st.builds(found, st.sampled_from(CONDUCT), seconds, st.integers(1, 30)))
def test_a_late_finding_parts_only_what_would_last_longer_than_a_minute(
    alerts: list[Alert], late: Alert
) -> None:
    before = group([a for a in alerts if a.event_id != late.event_id], LATER)
    after = group([*(a for a in alerts if a.event_id != late.event_id), late], LATER)
    onsets = {alert.event_id: alert.onset for alert in alerts}
    for incident in before:
        [home] = [other for other in after if incident.alerts[0] in other.alerts]
        near = {one for one in incident.alerts if onsets[one] <= home.begins + LONGEST}
        assert near <= set(home.alerts)
