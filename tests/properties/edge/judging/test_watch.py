"""A watch, saved after any observation and continued elsewhere, writes the same alerts, pictures included."""

from __future__ import annotations

import json
from collections.abc import Iterable

import numpy as np
from hypothesis import given, settings, strategies as st

from edge.judging.alerts import AlertRevision
from edge.judging.watch import Watch
from shared.observations import Observation
from tests.properties.edge.rules.test_replay import exams, unfold
from tests.support.everything import policy_of_everything
from tests.support.watched import watched

SESSION = watched(policy_of_everything())


def alerts(watch: Watch, observations: Iterable[Observation]) -> list[AlertRevision]:
    """Each picture differs from the others, so that a wrong one would be noticed."""
    written = []
    for observation in observations:
        shade = round(observation.at * 10) % 200
        frame = None if observation.frame_id is None else np.full((48, 64, 3), shade, np.uint8)
        written += watch.observe(observation, frame)
    return written


@settings(deadline=None, max_examples=20)
@given(exams, st.integers(0, 80))
def test_a_watch_that_moved_writes_the_same_alerts(
    exam: list[tuple[Observation, int, float]], cut: int
) -> None:
    observations = unfold(exam)
    staying, first, second = (Watch(SESSION, level=1) for _ in range(3))
    found = alerts(first, observations[:cut])
    second.restore(json.loads(json.dumps(first.snapshot(), sort_keys=True)))
    found += alerts(second, observations[cut:]) + second.finish(1_000.0)
    assert found == alerts(staying, observations) + staying.finish(1_000.0)
