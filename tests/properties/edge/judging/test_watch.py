"""A watch, saved after any observation and continued elsewhere, writes the same alerts, pictures included."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from uuid import UUID

import numpy as np
from hypothesis import given, settings

from edge.judging.alerts import CLEARED_REVISION, AlertRevision
from edge.judging.inherited import InheritedState
from edge.judging.watch import Watch, WatchState
from shared.alerts import Alert
from shared.cameras import Camera
from shared.events.types import EventClass
from shared.observations import Observation
from tests.properties.edge.rules.test_replay import Moment, exams, unfold
from tests.support.everything import exam_of_everything, policy_of_everything
from tests.support.observations import moved
from tests.support.states import changed_fields
from tests.support.watched import watched

SESSION = watched(policy_of_everything())
CAMERAS = (Camera(label="OBS Virtual Camera"), Camera(label="Snap Camera"), Camera(label="ManyCam"))
Told = tuple[list[Alert], list[UUID]]
"""The open alerts of a session's former node, and the ids of those that are over."""


def alerts(watch: Watch, observations: Sequence[Observation]) -> list[AlertRevision]:
    """Each picture differs from the others, so that a wrong one would be noticed."""
    written = []
    for observation in observations:
        shade = round(observation.at * 10) % 200
        frame = None if observation.frame_id is None else np.full((48, 64, 3), shade, np.uint8)
        written += watch.observe(observation, frame)
        if observation.frame_id is not None and observation.frame_id % 40 == 0:
            camera = CAMERAS[observation.frame_id // 40 % len(CAMERAS)]
            written += watch.judge_camera(camera, observation.at)
    return written


def carried(watch: Watch) -> Watch:
    """Another watch that goes on from what this one saved, whose keys may have been sorted on the way."""
    other = Watch(SESSION, level=0)
    other.restore(json.loads(json.dumps(watch.snapshot(), sort_keys=True)))
    return other


def told_by_a_former_node(observations: Sequence[Observation]) -> Told:
    """What a node that watched this has told, at the last observation."""
    revisions = alerts(Watch(SESSION, level=1), observations)
    over = {each.alert.event_id for each in revisions if each.revision == CLEARED_REVISION}
    lasting = [each.alert for each in revisions if each.alert.event_class is not EventClass.MILESTONE]
    still = [alert for alert in lasting if alert.event_id not in over]
    return [Alert.model_validate_json(alert.model_dump_json()) for alert in still], sorted(over)


@settings(deadline=None, max_examples=10)
@given(exams, exams)
def test_a_watch_that_is_carried_on_after_every_observation_writes_the_same_alerts(
    before: list[tuple[Moment, int, float]], exam: list[tuple[Moment, int, float]]
) -> None:
    earlier = unfold(before)
    begins_s = earlier[-1].at + 1.0 if earlier else 0.0
    open_ones, over = told_by_a_former_node(earlier)
    moving, staying = (Watch(SESSION, level=1) for _ in range(2))
    assert moving.inherit(open_ones, over, begins_s) == staying.inherit(open_ones, over, begins_s)
    for observation in unfold(exam):
        later = moved(observation, begins_s)
        moving = carried(moving)
        assert alerts(moving, [later]) == alerts(staying, [later])
        assert moving.snapshot() == staying.snapshot()
    assert carried(moving).finish(1_000.0) == staying.finish(1_000.0)


def test_every_field_that_a_watch_saves_is_changed_by_some_exam() -> None:
    exam = exam_of_everything()
    half = len(exam) // 2
    watch, changed = Watch(SESSION, level=1), set[str]()
    watch.inherit(*told_by_a_former_node(exam[:half]), exam[half].at)
    for observation in exam[half:]:
        alerts(watch, [observation])
        changed |= changed_fields(watch._state) | changed_fields(watch._inherited._state)
    saved = {f"{kind.__name__}.{each.name}" for kind in (WatchState, InheritedState) for each in fields(kind)}
    assert saved - changed == set()
