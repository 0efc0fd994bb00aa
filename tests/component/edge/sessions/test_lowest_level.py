"""A running session on a node whose level falls below the lowest that its exam accepts goes on, counts as
not watched, and staff are told; each time again."""

from __future__ import annotations

from shared.events.types import EventType
from shared.policy.schema import parse_policy
from tests.support.fake_media import STEP_S
from tests.support.observations import ONE
from tests.support.session_stage import Page, Stage, play, soon

ACCEPTS_L2 = parse_policy(
    {"lowest_level": 2, "features": {"pose_analysis": False, "audio_monitoring": False}}
)
LOW_S = 6.0


async def watched_on(world: Stage, page: Page, level: int, *, from_s: float) -> float:
    """Pictures of an honest candidate while this level is in force; the time after the last."""
    await world.worker.set_level(level)
    to_s = from_s + LOW_S
    await world.show(page, ONE, from_s=from_s, to_s=to_s)
    return to_s


def test_below_it_nothing_counts_as_watched_and_staff_are_told() -> None:
    async def story(world: Stage) -> None:
        page = await world.page(await world.started(policy=ACCEPTS_L2))
        at_s = await watched_on(world, page, 2, from_s=STEP_S)
        assert world.disk.of(EventType.ANALYSIS_DEGRADED) == []
        at_s = await watched_on(world, page, 3, from_s=at_s)
        await soon(lambda: len(world.disk.of(EventType.ANALYSIS_DEGRADED)) == 1, "staff are told")
        [told] = world.disk.of(EventType.ANALYSIS_DEGRADED)
        assert told.evidence["lowest_level"] == 2
        assert told.metadata.degradation_level == 3
        assert (await world.state(page.order)).phase == "watching", "the session goes on"
        at_s = await watched_on(world, page, 2, from_s=at_s)
        await soon(lambda: len(world.disk.of(EventType.ANALYSIS_DEGRADED, revision=2)) == 1, "its end")
        await watched_on(world, page, 4, from_s=at_s)
        await soon(lambda: len(world.disk.of(EventType.ANALYSIS_DEGRADED)) == 2, "staff are told again")

    play(story)
