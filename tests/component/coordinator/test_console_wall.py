"""The wall with many sessions: each card says in words where its page is, by one socket for all."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import pytest

from shared.messages.sessions import StartSession
from tests.support.chromium import Page, needs_chromium
from tests.support.console_stand import OnConsole, Stand, sat
from tests.support.eventually import until
from tests.support.node_answers import watching

pytestmark = [pytest.mark.browser, needs_chromium]

SESSIONS: Final = 24
_COUNTED: Final = """
window.opened = [];
window.WebSocket = class extends WebSocket {
  constructor(...asked) { super(...asked); window.opened.push(String(asked[0])); }
};
"""


async def texts(page: Page) -> dict[str, str]:
    """What the card of each session says of its page."""
    said: dict[str, str] = await page.evaluate(
        "Object.fromEntries([...document.querySelectorAll('#wall-list > li')].map("
        "(one) => [one.dataset.key, one.querySelector('.page')?.innerText ?? '']))"
    )
    return said


async def until_all(page: Page, begins: dict[str, str]) -> None:
    """Until every card says so."""

    async def all_say() -> bool:
        said = await texts(page)
        return said.keys() == begins.keys() and all(said[one].startswith(begins[one]) for one in begins)

    await until(all_say, f"cards that begin with {sorted(set(begins.values()))}")


def names(starts: list[StartSession]) -> list[str]:
    return [one.exam_session_id for one in starts]


async def say(stand: Stand, starts: list[StartSession], *phases: str, **more: Any) -> None:
    """The node says these phases of the sessions' pages in turn; then it beats."""
    stand.site.node.sessions = tuple(
        watching(UUID(str(one.session_id)), phase=phases[n % len(phases)], epoch=one.epoch, **more)
        for n, one in enumerate(starts)
    )
    await stand.site.node.beat()


def test_every_card_says_in_words_where_its_page_is(on_console: OnConsole) -> None:
    async def scene(stand: Stand) -> None:
        page = stand.page
        starts = [await sat(stand.site, f"{n:02}") for n in range(SESSIONS)]
        await page.command("Page.addScriptToEvaluateOnNewDocument", source=_COUNTED)
        await stand.open()
        await until_all(page, dict.fromkeys(names(starts), "Waiting: nobody has opened the page"))

        await say(stand, starts, "watching")
        await until_all(page, dict.fromkeys(names(starts), "Connected since"))

        mixed = ("watching", "silent", "waiting", "withheld")
        said = (
            "Connected since",
            "No picture since",
            "No picture since",
            "Connected, pictures withheld since",
        )
        await say(stand, starts, *mixed, unwatched_s={"face": 30.0, "sound": 0.0})
        expected = {name: said[n % len(said)] for n, name in enumerate(names(starts))}
        await until_all(page, expected)
        last = names(starts)[-1]
        await page.until(
            f"document.querySelector('[data-key={last}]').innerText.includes('Not watched: face 30 s')"
        )
        assert await page.evaluate("window.opened.length") == 1

        await page.click(f"[data-key={last}] a")
        await stand.see("Connected, pictures withheld since", "#session-facts")
        await stand.see("face 30 s", "#session-facts")
        assert page.complaints == []

    on_console(scene)


def test_a_node_that_is_silent_says_nothing_of_its_pages(on_console: OnConsole) -> None:
    async def scene(stand: Stand) -> None:
        starts = [await sat(stand.site, f"{n:02}") for n in range(2)]
        await stand.open()
        await say(stand, starts, "watching")
        await until_all(stand.page, dict.fromkeys(names(starts), "Connected since"))
        stand.site.node.boot_id = stand.site.node.node_id
        stand.site.node.clock_ahead_s = 10 * 60.0  # what it says is refused
        silent = "document.querySelectorAll('[data-state=unknown]').length === 2"
        await stand.page.until(silent)
        await stand.see("Not known: its node is silent", "#wall-list")

    on_console(scene)
