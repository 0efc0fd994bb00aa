"""A real absence is found in its time on every lower level, and an honest candidate accused on none."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from edge.analysis.engine import Engine
from edge.analysis.levels import LEVELS, LevelInForce
from edge.analysis.perception import Perception
from edge.judging.watch import Watch
from edge.media.recording import open_recording
from edge.tools.offline import BEGINNING, analyse, recorded_session, session_id_of
from shared.alerts import Alert
from shared.events.looks import Look
from shared.events.types import EventClass, EventType
from shared.policy.schema import Policy
from tests.support.films import film
from tests.support.weights import all_networks

pytestmark = pytest.mark.weights

HONEST_S, EMPTY_S = 6.0, 10.0
WALK_S = 1.2
"""The candidate leaves its chair within the first seconds of the empty part."""
LEEWAY_S = 0.5


@pytest.fixture(scope="module")
def leaves(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("levels") / "leaves.mkv"
    return film(path, ("honest", HONEST_S), ("empty_chair", EMPTY_S), frames_per_s=10)


def alerts(recording: Path, level: int) -> list[Alert]:
    """The alerts of a recording whose node has this level in force."""
    networks, policy = all_networks(), Policy()

    async def main() -> list[Alert]:
        async with Engine(threads=0) as engine:
            name = f"level-{level}"
            senses = Perception(
                session_id_of(name), engine, networks, policy=policy, templates={}, level=LevelInForce(level)
            )
            watch = Watch(recorded_session(name, policy, networks), level=level)
            found = await analyse(
                open_recording(recording), senses, watch, keep=lambda _: None, report=lambda _: None
            )
            return found.alerts

    return asyncio.run(main())


@pytest.mark.parametrize("level", [2, 3, 4])
def test_an_absence_is_found_in_its_time_and_nothing_else(leaves: Path, level: int) -> None:
    found = alerts(leaves, level)
    judged = [each for each in found if each.event_class in (EventClass.CONDUCT, EventClass.IDENTITY)]
    [absence] = [each for each in judged if each.event_type is EventType.FACE_NOT_FOUND]
    assert judged == [absence]
    assert absence.metadata.degradation_level == level
    period_s = 1 / LEVELS[level].rates_hz[Look.FACES]
    onset_s = (absence.onset - BEGINNING) / timedelta(seconds=1)
    hold_s = Policy().rule(EventType.FACE_NOT_FOUND).hold_s
    assert HONEST_S - LEEWAY_S <= onset_s <= HONEST_S + WALK_S + period_s + LEEWAY_S
    assert (absence.raised - absence.onset) / timedelta(seconds=1) <= hold_s + period_s + LEEWAY_S
    [limited] = [each for each in found if each.event_type is EventType.ANALYSIS_DEGRADED]
    left_out = {look.value for look in (Look.BODY, *([] if level < 4 else [Look.HEAD, Look.SPEECH]))}
    assert left_out <= set(limited.evidence["left_out"])  # type: ignore[arg-type]
