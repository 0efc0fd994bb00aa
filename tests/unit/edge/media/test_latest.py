from __future__ import annotations

import asyncio

from edge.media.latest import Latest


def test_the_newest_item_wins_and_the_drop_is_counted() -> None:
    box: Latest[str] = Latest()
    box.put("old")
    box.put("new")
    assert box.take() == "new"
    assert box.take() is None
    assert (box.received, box.dropped) == (2, 1)


def test_a_reader_waits_for_the_next_item() -> None:
    async def scene() -> str | None:
        box: Latest[str] = Latest()
        reader = asyncio.ensure_future(box.get())
        await asyncio.sleep(0)
        assert not reader.done()
        box.put("now")
        return await reader

    assert asyncio.run(scene()) == "now"


def test_closing_wakes_the_reader_and_refuses_more() -> None:
    async def scene() -> list[str | None]:
        box: Latest[str] = Latest()
        reader = asyncio.ensure_future(box.get())
        await asyncio.sleep(0)
        box.close()
        box.put("too late")
        return [await reader, await box.get()]

    assert asyncio.run(scene()) == [None, None]
