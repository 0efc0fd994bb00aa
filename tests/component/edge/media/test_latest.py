"""The mailbox with somebody waiting at it, on a running loop."""

from __future__ import annotations

import asyncio

from edge.media.latest import Latest


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
