"""Every picture that reaches a session is accounted for: looked at, not due, or dropped by reason."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

from edge.analysis.perception import Seen, arrival
from edge.media.frames import VideoFrame
from shared.errors import Unavailable
from tests.support.fake_media import STEP_S, FakeSenses
from tests.support.session_stage import Page, Stage, soon, stage


def balance(pictures: Counter[str]) -> int:
    return pictures["received"] - sum(
        pictures[what] for what in ("looked_at", "not_due", "dropped", "waiting")
    )


async def pictures(world: Stage) -> Counter[str]:
    counted = Counter((await world.worker.report()).pictures)
    assert balance(counted) == 0, counted
    return counted


def look_at_every_third(senses: FakeSenses) -> None:
    """Let the senses find nothing due at the pictures between."""
    look = senses.look

    async def sometimes(frame: VideoFrame) -> Seen:
        if frame.frame_id % 3:
            return Seen(arrival(frame, 1), None)
        return await look(frame)

    senses.look = sometimes  # type: ignore[method-assign]


async def disturb(world: Stage, page: Page, chance: random.Random, number: int) -> None:
    """One of the things that make pictures not be looked at, or nothing."""
    senses, order = world.sensing(page.order), page.order
    match chance.randrange(7):
        case 0:
            senses.may_look.clear()
        case 1 | 2:
            senses.may_look.set()
        case 3:
            changed = order.model_copy(update={"paused": not order.paused})
            await world.actions.change(changed)
            page.order = changed
            look_at_every_third(world.sensing(changed))
        case 4:
            page.source.send(number * STEP_S, damaged=True)


async def disturbed(seed: int) -> Counter[str]:
    """What became of the pictures of one session to which everything happens in some order."""
    chance = random.Random(seed)
    async with stage() as world:
        page = await world.page(await world.started())
        look_at_every_third(world.sensing(page.order))
        for number in range(1, 100):
            page.source.send(number * STEP_S)
            await disturb(world, page, chance, number)
            for _ in range(chance.randrange(4)):
                await asyncio.sleep(0)
            await pictures(world)
        for senses in world.senses:
            senses.may_look.set()
        await world.end(page.order)
        return await pictures(world)


def test_whatever_happens_every_picture_is_accounted_for() -> None:
    ended = [asyncio.run(disturbed(seed)) for seed in range(6)]
    assert [each["waiting"] for each in ended] == [0] * 6
    together = sum(ended, Counter[str]())
    assert min(together["looked_at"], together["not_due"], together["dropped"]) > 0


def test_the_counts_of_a_session_that_failed_stay_in_the_sum() -> None:
    async def story() -> None:
        async with stage() as world:
            page = await world.page(await world.started())
            await world.show_one(page, (), at_s=0.2)
            world.sensing(page.order).fails = Unavailable("the senses broke")
            page.source.send(0.4)
            await soon(lambda: not len(world.roster), "the end of the session")
            assert await pictures(world) == Counter(received=2, looked_at=1, dropped=1)

    asyncio.run(story())


def test_each_session_tells_how_many_pictures_have_reached_it() -> None:
    async def story() -> None:
        async with stage() as world:
            pages = [await world.page(await world.started()) for _ in range(2)]
            await world.show(pages[0], (), from_s=0.2, to_s=0.8)
            await world.show(pages[1], (), from_s=0.2, to_s=0.4)
            report = await world.worker.report()
            arrived = {each.assignment.session_id: each.received for each in report.arrived}
            assert arrived == {pages[0].order.session_id: 3, pages[1].order.session_id: 1}

    asyncio.run(story())


def test_pages_are_asked_for_fewer_frames_and_a_new_page_gets_the_last_request() -> None:
    async def story() -> None:
        async with stage() as world:
            early = await world.page(await world.started())
            world.assignments.ask_pages(8)
            late = await world.page(await world.started())
            again = await world.page(early.order)
            await soon(lambda: early.told and late.told and again.told, "the request")
            asked = {"type": "rate", "frames_per_second": 8}
            assert [early.told, late.told, again.told] == [[asked], [asked], [asked]]
            world.assignments.ask_pages(15)
            undone = {"type": "rate", "frames_per_second": 15}
            await soon(lambda: len(late.told) == len(again.told) == 2, "its end")
            assert late.told[1] == again.told[1] == undone

    asyncio.run(story())


def test_a_page_is_asked_nothing_by_a_node_that_was_never_overloaded() -> None:
    async def story() -> None:
        async with stage() as world:
            page = await world.page(await world.started())
            await world.show(page, (), from_s=0.2, to_s=0.6)
            assert page.told == []

    asyncio.run(story())
