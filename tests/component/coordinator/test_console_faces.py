"""An administrator decides in the console about a face unlike the one before."""

from __future__ import annotations

import struct

import pytest

from shared.tokens import Role
from tests.support.axe import broken_rules, needs_axe
from tests.support.chromium import needs_chromium
from tests.support.console_stand import OnConsole, Stand
from tests.support.exam_site import enroll_body
from tests.support.node_answers import good_picture

pytestmark = [pytest.mark.browser, needs_chromium]
CARD = "#faces-list li"


async def one_waits(stand: Stand) -> None:
    faces = [good_picture(struct.pack("<2f", *one)) for one in ((1.0, 0.0), (0.0, 1.0))]
    stand.site.node.enroll = lambda jpeg: faces.pop(0)
    for _ in range(2):
        assert (await stand.site.post("/enroll", enroll_body())).is_success


@needs_axe
def test_an_administrator_accepts_a_face_with_its_grounds(on_console: OnConsole) -> None:
    async def scene(stand: Stand) -> None:
        page = stand.page
        await one_waits(stand)
        await stand.open(Role.ADMIN, "ann")
        await page.click("#faces-link")
        await stand.see("CAND-1", "#faces-list")
        await stand.see("similarity 0.00", CARD)
        assert await broken_rules(page) == []
        await page.click(f"{CARD} button")
        await stand.see("Write down why.", CARD)
        await page.evaluate(f"document.querySelector('{CARD} textarea').value = 'Seen with the card.'")
        await page.click(f"{CARD} button")
        await stand.see("No enrollment waits.", "#faces")
        shown = (await stand.site.get("/enrollments/CAND-1")).json()
        assert shown["replaces"] is not None
        assert page.complaints == []

    on_console(scene)


def test_a_proctor_is_not_offered_it(on_console: OnConsole) -> None:
    async def scene(stand: Stand) -> None:
        await one_waits(stand)
        await stand.open()
        assert await stand.page.evaluate("document.querySelector('#faces-link').hidden")
        await stand.go("faces")
        await stand.page.until("location.hash === '#/wall'")

    on_console(scene)
