"""In the console: a verdict on some findings only, undone by a key, and reopened with a reason."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.events.types import EventType
from tests.support.axe import broken_rules, needs_axe
from tests.support.chromium import needs_chromium
from tests.support.console_stand import OnConsole, Stand, notice, sat, with_incidents
from tests.support.findings import until_stored
from tests.support.reviewers import Reviewers, later

pytestmark = [pytest.mark.browser, needs_chromium]


async def opened(stand: Stand) -> str:
    """The queue, with its first incident shown."""
    await stand.open(who="ann")
    await stand.go("review")
    return await stand.shown_incident()


async def state_of(stand: Stand, incident: str) -> Any:
    return (await stand.site.get(f"/incidents/{incident}")).json()["incident"]["state"]


def test_a_verdict_is_undone_by_one_key_for_ten_seconds(on_console: OnConsole) -> None:
    async def scene(stand: Stand) -> None:
        page = stand.page
        await with_incidents(stand.site, 2, sessions=1)
        first = await opened(stand)
        await stand.key("n")
        await stand.key("1")
        second = await stand.shown_incident(not_this=first)
        await stand.see("Press z within 10 seconds to undo.", "#queue-last")
        assert await page.evaluate("document.querySelector('#queue-last').role") == "status"
        assert await state_of(stand, first) == "dismissed"
        await stand.key("z")
        assert await stand.shown_incident(not_this=second) == first
        await stand.see("The verdict was undone.", "#said")
        await stand.see("ann undid the verdict.", "#incident-history")
        assert await state_of(stand, first) == "open"
        assert await page.evaluate("document.querySelector('#undo').hidden")
        await stand.key("z")  # only once
        assert await state_of(stand, first) == "open"

        await stand.key("n")
        await stand.key("1")
        await page.until("!document.querySelector('#undo').hidden")
        await page.until("document.querySelector('#undo').hidden")
        await stand.key("z")
        await asyncio.sleep(0.3)
        assert await state_of(stand, first) == "dismissed"

        await stand.go(f"review/{first}")
        await stand.shown_incident()
        await stand.key("o")
        await stand.see("is now told that it no longer counts", "#verdict-help")
        for letter in "It was a poster.":  # by keys: what is inserted needs none
            await page.command("Input.dispatchKeyEvent", type="keyDown", key=letter, text=letter)
            await page.command("Input.dispatchKeyEvent", type="keyUp", key=letter)
        await stand.key("Enter")
        await stand.see("It was a poster.", "#incident-history")
        assert await state_of(stand, first) == "open"
        assert page.complaints == []

    on_console(scene)


@needs_axe
def test_a_verdict_names_its_findings_by_keyboard(on_console: OnConsole) -> None:
    async def scene(stand: Stand) -> None:
        page, site = stand.page, stand.site
        start = await sat(site, "00")
        onset = datetime.now(UTC) - timedelta(minutes=5)
        for second, event in enumerate((EventType.LEFT_FRAME, EventType.GAZE_OFF_SCREEN)):
            await notice(site, start, event, onset + timedelta(seconds=second))
        await until_stored(site, 2)
        incident = await opened(stand)
        await stand.key("n")
        await page.until("document.querySelectorAll('#verdict-findings input:checked').length === 2")
        assert await broken_rules(page) == []
        await page.until("document.activeElement.dataset.reason === 'false-detection'")
        await page.evaluate("document.querySelector('#verdict-findings input').focus()")
        await page.press(" ", 32)
        await page.until("!document.activeElement.checked")
        await page.press("Tab", 9)
        await page.until("document.activeElement.checked")
        await page.press(" ", 32)
        await page.until("document.querySelectorAll('#verdict-findings input:checked').length === 0")
        await stand.key("1")
        await stand.see("Choose at least one finding.", "#verdict-error")
        await page.press(" ", 32)
        await stand.key("1")
        await stand.see("Dismissed:", "#queue-last")
        detail = await Reviewers(site).get(f"/incidents/{incident}")
        names = {one["event_id"]: one["event_type"] for one in detail["alerts"]}
        acts = [act for act in detail["history"] if act["act"] == "dismiss"]
        assert [[names[one] for one in act["findings"]] for act in acts] == [["LEFT_FRAME"]]
        later(site)
        [rule] = await Reviewers(site).get("/incidents/precision")
        assert (rule["event_type"], rule["dismissed"]) == ("LEFT_FRAME", 1)
        await stand.go(f"review/{incident}")
        await stand.see("Only about:", "#incident-history")
        assert page.complaints == []

    on_console(scene)
