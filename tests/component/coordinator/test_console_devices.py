"""A proctor lets another device go on from the console, and makes a new link."""

from __future__ import annotations

import pytest

from coordinator.sessions.binding import check_number
from shared.tokens import Role
from tests.support.axe import broken_rules, needs_axe
from tests.support.chromium import needs_chromium
from tests.support.console_stand import OnConsole, Stand
from tests.support.devices import Device, code_of

pytestmark = [pytest.mark.browser, needs_chromium, needs_axe]

BUTTON = "#session-asking-list button"


async def at_session(stand: Stand, role: Role = Role.PROCTOR) -> str:
    """The console at a session; its link's code."""
    code = code_of(await stand.site.started("SESS-NORA", "CAND-NORA"))
    await stand.open(role)
    await stand.go("session/SESS-NORA")
    await stand.see("CAND-NORA", "#session-title")
    return code


def test_one_click_lets_another_device_go_on(on_console: OnConsole) -> None:
    async def scene(stand: Stand) -> None:
        page, site, mine, other = stand.page, stand.site, Device(), Device()
        code = await at_session(stand)
        await mine.joined(site, code)
        assert await page.evaluate("document.querySelector('#session-asking').hidden") is True
        assert (await other.ask(site, code)).is_success
        await stand.see(check_number(other.key), "#session-asking-list")  # within one refresh
        await stand.see("Opened a second time", "#technical")
        assert await broken_rules(page) == []
        await page.evaluate(f"document.querySelector('{BUTTON}').focus()")
        await page.press("Enter", 13)
        await page.until("document.querySelector('#session-asking').hidden")
        await stand.see("is approved, and the earlier one is disconnected", "#said")
        await other.joined(site, code)
        assert (await mine.look(site, code))["device"] == "elsewhere"
        assert page.complaints == []

    on_console(scene)


def test_a_new_link_is_shown_to_be_copied_with_the_time_until_it_works(on_console: OnConsole) -> None:
    async def scene(stand: Stand) -> None:
        page, site = stand.page, stand.site
        code = await at_session(stand)
        await page.evaluate("document.querySelector('#session-new-link').focus()")
        await page.press("Enter", 13)
        await page.until("document.activeElement.id === 'session-link'")
        await stand.see("Works until the session ends", "#session-link-until")
        shown = str(await page.evaluate("document.querySelector('#session-link').value"))
        assert await broken_rules(page) == []
        old = await site.post("/join/look", {"code": code}, headers={})
        assert old.json()["code"] == "join-code-replaced"
        await Device().joined(site, shown.partition("#")[2])
        assert page.complaints == []

    on_console(scene)
