"""The proctors' console in a real Chromium: signing in, and what each view shows and says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.events.types import EventType
from shared.tokens import Role
from tests.support.axe import broken_rules, needs_axe
from tests.support.chromium import needs_chromium
from tests.support.console_stand import OnConsole, Stand, notice, sat, with_incidents

pytestmark = [pytest.mark.browser, needs_chromium]


def test_a_token_is_asked_for_and_kept_nowhere(on_console: OnConsole) -> None:
    async def scene(stand: Stand) -> None:
        page, token = stand.page, stand.site.token(Role.PROCTOR, "ann")
        await page.goto(f"{stand.url}/console")
        assert await page.evaluate("document.activeElement.tagName") == "H1"
        await stand.sign_in(token)
        await stand.see("No matching session")
        assert await page.text("#who") == "ann · Proctor"
        kept = await page.evaluate(
            "JSON.stringify([location.href, {...localStorage}, {...sessionStorage}, document.cookie])"
            " + document.documentElement.outerHTML + document.querySelector('#token').value"
        )
        assert token not in kept
        addresses = await page.evaluate("performance.getEntries().map((one) => one.name).join()")
        assert token not in addresses
        await page.click("#sign-out")
        await stand.see("You have signed out")
        assert page.complaints == []

    on_console(scene)


@pytest.mark.parametrize(
    ("role", "told"),
    [
        (Role.CANDIDATE, "for proctors and administrators"),
        (Role.DPO, "for proctors and administrators"),
        (None, "the token is not valid"),
    ],
)
def test_who_may_not_review_is_told_so_and_sees_nothing(
    on_console: OnConsole, role: Role | None, told: str
) -> None:
    async def scene(stand: Stand) -> None:
        await stand.page.goto(f"{stand.url}/console")
        await stand.sign_in(stand.site.token(role) if role else "not.a.token")
        await stand.see(told)
        assert await stand.page.evaluate("document.querySelector('#signed-in').hidden")
        assert await stand.page.evaluate("document.activeElement.id") == "token"

    on_console(scene)


def test_a_token_that_expires_asks_for_another_and_leads_back(on_console: OnConsole) -> None:
    async def scene(stand: Stand) -> None:
        await sat(stand.site, "01")
        # Good for five seconds longer than it says, in which clocks may differ.
        await stand.open(lifetime=timedelta(seconds=10))
        await stand.go("session/SESS-01")
        await stand.see("SESS-01")
        await stand.see("has expired", "#signin-error")
        assert await stand.page.evaluate("document.querySelector('#session').hidden")
        await stand.sign_in(stand.site.token(Role.PROCTOR, "ann"))
        await stand.see("SESS-01")
        assert await stand.page.evaluate("location.hash") == "#/session/SESS-01"

    on_console(scene)


@needs_axe
@pytest.mark.parametrize("tones", ["light", "dark"])
def test_no_view_breaks_a_rule_of_accessibility(on_console: OnConsole, tones: str) -> None:
    async def scene(stand: Stand) -> None:
        page = stand.page
        preference = {"name": "prefers-color-scheme", "value": tones}
        await page.command("Emulation.setEmulatedMedia", features=[preference])
        start, *_ = await with_incidents(stand.site, 5)
        await notice(stand.site, start, EventType.STREAM_STALLED, datetime.now(UTC) - timedelta(hours=1))
        await page.goto(f"{stand.url}/console")
        assert await broken_rules(page) == []
        await stand.sign_in(stand.site.token(Role.PROCTOR, "ann"))
        await stand.see("CAND-00")
        assert await broken_rules(page) == []
        await stand.go("session/SESS-00")
        await stand.see("Video stopped arriving", "#technical")
        await page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        assert await broken_rules(page) == []
        for act in ("message", "extra-time", "terminate"):
            await page.click(f"[data-act={act}]")
            assert await broken_rules(page) == []
            await page.press("Escape", 27)
        await stand.go("review")
        await page.until("document.querySelector('#incident-acts button') !== null")
        for key in "yn":
            await stand.key(key)
            await page.until("!document.querySelector('#verdict').hidden")
            assert await broken_rules(page) == []
            await page.press("Escape", 27)
        await stand.key("v")
        await page.until("document.querySelector('#picture').open")
        assert await broken_rules(page) == []
        await page.press("Escape", 27)
        await page.press("?", 191)
        await page.until("document.querySelector('#help').open")
        assert await broken_rules(page) == []
        assert page.complaints == []

    on_console(scene)


def test_the_wall_shows_the_worst_first_as_it_happens(on_console: OnConsole) -> None:
    async def scene(stand: Stand) -> None:
        first, second = await sat(stand.site, "01"), await sat(stand.site, "02")
        await stand.open()
        await stand.see("CAND-02")
        await notice(stand.site, first, EventType.VOICE_DETECTED, datetime.now(UTC), revision=1)
        await stand.page.until(f"{ORDER} === 'CAND-01,CAND-02'")
        await notice(stand.site, second, EventType.FACE_MISMATCH, datetime.now(UTC), revision=1)
        await stand.page.until(f"{ORDER} === 'CAND-02,CAND-01'")
        await stand.see("Face unlike the enrolled one", "#wall-list .last")  # only the socket tells of it
        await stand.see("1 incident to review", "#wall-list li")
        assert await stand.page.evaluate("document.querySelectorAll('#wall img').length") == 0
        assert stand.page.complaints == []

    on_console(scene)


ORDER = "[...document.querySelectorAll('#wall-list h2')].map((one) => one.textContent).join()"


def test_a_view_that_is_refreshed_keeps_the_focus_where_it_is(on_console: OnConsole) -> None:
    async def scene(stand: Stand) -> None:
        first = await sat(stand.site, "01")
        await stand.open()
        await stand.see("CAND-01")
        await stand.page.evaluate("document.querySelector('#wall-list a').focus()")
        await notice(stand.site, first, EventType.FACE_MISMATCH, datetime.now(UTC), revision=1)
        await stand.see("1 incident to review", "#wall-list")
        assert await stand.page.evaluate("document.activeElement.textContent") == "CAND-01"

    on_console(scene)


def test_a_timeline_explains_keeps_technical_trouble_apart_and_goes_on_by_itself(
    on_console: OnConsole,
) -> None:
    async def scene(stand: Stand) -> None:
        start, page, now = await sat(stand.site, "01"), stand.page, datetime.now(UTC)
        about = {"evidence": {"turned_deg": 52.0, "turned_deg_bound": 45.0, "frames": [1, 2]}}
        await notice(
            stand.site, start, EventType.HEAD_TURNED_AWAY, now, explanation="<b>52°</b> away.", **about
        )
        await stand.open()
        await stand.go("session/SESS-01")
        await stand.see("<b>52°</b> away.", "#observed")
        await page.click("#observed summary")
        assert "Turned 52° 45°" in " ".join((await page.text("#observed table")).split())
        assert "arcface@1" in await page.text("#observed .origin")
        assert await page.evaluate("document.querySelectorAll('#observed img').length") == 0
        await page.click("#observed button")
        await page.until("document.querySelector('#picture img').naturalWidth === 320")
        await page.press("Escape", 27)
        await page.until("document.querySelector('#session-live').dataset.state === 'live'")

        lasting = {"cleared": None, "revision": 1}
        await notice(stand.site, start, EventType.STREAM_STALLED, now, **lasting)
        await notice(stand.site, start, EventType.LEFT_FRAME, now, **lasting)
        await stand.see("Video stopped arriving", "#technical")
        await stand.see("still lasts", "#observed")
        assert "Video stopped" not in await page.text("#observed")
        assert "Severity" not in await page.text("#technical")
        await notice(stand.site, start, EventType.LEFT_FRAME, now)
        await page.until("!document.querySelector('#observed').innerText.includes('still lasts')")
        assert page.complaints == []

    on_console(scene)


def test_the_console_asks_whose_token_it_is_and_strangers_learn_nothing(on_console: OnConsole) -> None:
    async def scene(stand: Stand) -> None:
        site = stand.site
        asked = await site.http.get("/console/bearer", headers=site.bearer(Role.SYSTEM, "platform"))
        assert (asked.json()["subject"], asked.json()["role"]) == ("platform", "system")
        assert asked.headers["Cache-Control"] == "no-store"
        refused = await site.http.get("/console/bearer")
        assert (refused.status_code, refused.json()["code"]) == (401, "token-missing")

    on_console(scene)
