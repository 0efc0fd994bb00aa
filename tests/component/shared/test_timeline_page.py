"""The timeline page in a real browser: its policy lets its own script run, and the keyboard goes anywhere."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from shared.events.types import Action, EventType
from shared.timeline import Entry, Timeline, timeline_html
from tests.support.chromium import Browser, Page, needs_chromium

pytestmark = [pytest.mark.browser, needs_chromium]


def entry(event: EventType, onset_s: float) -> Entry:
    return Entry(
        event=event,
        onset_s=onset_s,
        raised_s=onset_s + 3,
        cleared_s=onset_s + 8,
        lasted_s=8.0,
        severity=0.0,
        confidence=1.0,
        explanation="So it was.",
        action=Action.NONE,
    )


ENTRIES = (
    entry(EventType.MULTIPLE_FACES, 10),
    entry(EventType.STREAM_STALLED, 30),
    entry(EventType.FACE_MISMATCH, 50),
)


def test_bars_lead_to_rows_arrows_go_through_time_and_filters_say_what_they_show(
    browser: Browser, tmp_path: Path
) -> None:
    path = tmp_path / "timeline.html"
    path.write_text(timeline_html(Timeline("An exam", 100, (), (), ENTRIES)), "utf-8")

    async def run() -> None:
        async with browser.page() as page:
            await page.goto(path.as_uri())
            await _arrows_and_rows(page)
            await _filters(page)
            assert page.complaints == []

    asyncio.run(run())


async def _arrows_and_rows(page: Page) -> None:
    await page.evaluate("document.querySelector('[data-event=\"1\"]').focus()")
    await page.press("ArrowRight", 39)
    label = await page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert str(label).startswith("Video stopped arriving, from 0:30.0")
    assert await page.evaluate("document.querySelector('#event-2').classList.contains('lit')")
    await page.press("Enter", 13)
    await page.until("document.activeElement.id === 'event-2'")


async def _filters(page: Page) -> None:
    await page.click("input[value=technical]")
    await page.until("document.querySelector('#shown').textContent === '2 of 3 events shown'")
    assert await page.evaluate("document.querySelector('#event-2').checkVisibility()") is False
    assert await page.evaluate("document.querySelector('#event-3').checkVisibility()") is True
