"""Grouping does not depend on the order of arrival."""

from __future__ import annotations

from itertools import pairwise
from uuid import UUID

from hypothesis import given, settings, strategies as st

from shared.alerts import Alert
from shared.events.types import EventType
from shared.incidents import WITHIN_S, group
from tests.support.lasting import LATER, TECHNICAL, found

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
    for earlier, later in pairwise(incidents):
        assert earlier.ends is not None
        assert (later.begins - earlier.ends).total_seconds() > WITHIN_S
    assert all(
        incident.severity == max(a.severity_score for a in alerts if a.event_id in incident.alerts)
        for incident in incidents
    )


@settings(deadline=None, max_examples=40)
@given(many, st.builds(found, st.sampled_from(CONDUCT), seconds, st.integers(1, 30)))
def test_a_late_finding_never_parts_what_belonged_together(alerts: list[Alert], late: Alert) -> None:
    before = group([a for a in alerts if a.event_id != late.event_id], LATER)
    after = group([*(a for a in alerts if a.event_id != late.event_id), late], LATER)
    for incident in before:
        assert any(set(incident.alerts) <= set(other.alerts) for other in after)
